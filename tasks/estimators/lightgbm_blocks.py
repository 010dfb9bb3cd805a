"""A booster as several of few trees each, which answer for many rows in less time: LightGBM takes a row through all
trees before it takes the next one, and few trees stay in the processor's nearest cache.

With 100 trees of 31 leaves, rows of 30 numbers in pieces of 25,000, a fifth less processor time: 0.54 s for 100,000
rows against 0.67. Calls with `start_iteration` on one booster by several threads would be wrong
(findings/lightgbm-parts-at-the-same-time.sh).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.estimators.lightgbm_library import load_lightgbm

#: Trees of a block: of 5, 7, 10, 13, 15 and 20 those of 7 to 13 were the fastest.
BLOCK_TREES: Final = 10
#: Boosters of fewer trees are left whole, and so are those whose text is longer (bytes): the blocks are there twice.
LEAST_TREES: Final = 4 * BLOCK_TREES
MOST_BYTES: Final = 16 * 2**20
#: Fewer rows do not make up for the making.
LEAST_ROWS: Final = 8192
#: Objectives whose predictions are the sums over the trees.
_SUMS: Final = frozenset(
    {"regression", "regression_l1", "huber", "fair", "quantile", "mape", "lambdarank", "rank_xendcg"}
)

Vector = npt.NDArray[np.float64]


class Blocks:
    """Of a booster that was loaded from its text."""

    def __init__(self, booster: Any, text: bytes) -> None:
        self._booster = booster
        large = booster.num_trees() >= LEAST_TREES and len(text) <= MOST_BYTES
        self._output = output_of(text) if large and booster.num_model_per_iteration() == 1 else None

    def function(self, rows: int) -> Callable[[Any], Vector] | None:
        """What predicts so many rows, up to rounding as `Booster.predict` does; None if the booster is to do it.
        Several threads may call it."""
        if self._output is None or rows < LEAST_ROWS:
            return None
        boosters, output = self._boosters, self._output

        def predict(matrix: Any) -> Vector:
            return output(np.sum([one.predict(matrix, num_threads=1, raw_score=True) for one in boosters], axis=0))

        return predict

    @cached_property
    def _boosters(self) -> list[Any]:
        booster = self._booster
        starts = range(0, booster.num_trees(), BLOCK_TREES)
        texts = (booster.model_to_string(start_iteration=start, num_iteration=BLOCK_TREES) for start in starts)
        return [load_lightgbm().Booster(model_str=text) for text in texts]


def output_of(text: bytes) -> Callable[[Vector], Vector] | None:
    """What LightGBM makes of the sums over all trees of such a model; None where that is not known here."""
    head = text[: text.find(b"\nTree=")].decode().splitlines()
    objective = next((line.partition("=")[2].split() for line in head if line.startswith("objective=")), [])
    if not objective or "average_output" in head:
        return None
    name, *said = objective
    if name in _SUMS and not said:
        return _as_it_is
    steepness = dict(word.partition(":")[::2] for word in said).get("sigmoid")
    if name != "binary" or steepness is None:
        return None
    return lambda raw: np.asarray(1 / (1 + np.exp(-float(steepness) * raw)))


def _as_it_is(raw: Vector) -> Vector:
    return raw
