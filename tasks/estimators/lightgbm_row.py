"""A booster that is asked for one row at a time, with what LightGBM has for that.

`Booster.predict` looks at what it is given and makes a predictor for it: 19 us for a row of 30 numbers, of which 100
trees take 3. Here one predictor is kept. Source: LightGBM's C API, `LGBM_BoosterPredictForMatSingleRowFast`.
"""

from __future__ import annotations

import ctypes
import weakref
from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np

from tasks.estimators.lightgbm_library import load_lightgbm

#: `C_API_PREDICT_NORMAL` and `C_API_DTYPE_FLOAT64` of LightGBM's c_api.h.
_NORMAL: Final = ctypes.c_int(0)
_FLOAT64: Final = ctypes.c_int(1)
_FIRST_TREE: Final = ctypes.c_int(0)


class OneRow:
    """Of one booster, which does not change any more."""

    def __init__(self, booster: Any) -> None:
        self._booster = booster
        self._width, self._outputs = booster.num_feature(), booster.num_model_per_iteration()

    def function(self, rows: int) -> Callable[[Any], Any] | None:
        """What predicts so many rows exactly as `Booster.predict` does; None if the booster is to do it. One thread may
        call it at a time."""
        return self._predict if rows == 1 else None

    def _predict(self, matrix: Any) -> Any:
        if not (isinstance(matrix, np.ndarray) and matrix.dtype == np.float64 and matrix.flags.c_contiguous):
            return self._booster.predict(matrix, num_threads=1)
        if matrix.shape != (1, self._width):
            # It says what is wrong.
            return self._booster.predict(matrix, num_threads=1)
        found = np.empty(self._outputs)
        if self._call(matrix.ctypes.data, found.ctypes.data):
            return self._booster.predict(matrix, num_threads=1)
        return found.reshape(1, -1) if self._outputs > 1 else found

    @cached_property
    def _call(self) -> Callable[[int, int], int]:
        """Predicts from one address to another; not 0 where that fails."""
        library, booster = load_lightgbm().basic._LIB, self._booster
        handle = ctypes.c_void_p()
        # As `Booster.predict` chooses: up to the best iteration, if there is one; all otherwise.
        trees, width = ctypes.c_int(booster.best_iteration), ctypes.c_int32(self._width)
        kind = (booster._handle, _NORMAL, _FIRST_TREE, trees, _FLOAT64, width, b"num_threads=1")
        if library.LGBM_BoosterPredictForMatSingleRowFastInit(*kind, ctypes.byref(handle)):
            return lambda _from, _to: 1
        # The booster stays for as long as what was made of it.
        weakref.finalize(self, _free, library, handle, booster).atexit = False
        count = ctypes.c_int64()
        call, size = library.LGBM_BoosterPredictForMatSingleRowFast, ctypes.byref(count)
        pointer = ctypes.c_void_p
        return lambda start, end: int(call(handle, pointer(start), size, pointer(end)))


def _free(library: Any, handle: Any, _booster: Any) -> None:
    library.LGBM_FastConfigFree(handle)
