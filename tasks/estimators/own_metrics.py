"""Metrics that an estimator names itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Metric:
    """How good answers are.

    `of(truth, answers, weights)` is a finite number. Of amounts truth and answers are numbers; of classes `truth` has
    the index of each row's class, and `answers` a column of chances for each class. `weights` says how much each row
    counts: one of weight 0 counts as not there.
    """

    of: Callable[[npt.NDArray[Any], Floats, Floats], float]
    more_is_better: bool = False


#: Such metrics by name.
OwnMetrics = Mapping[str, Metric]
#: None.
NO_METRICS: Final[OwnMetrics] = MappingProxyType({})
