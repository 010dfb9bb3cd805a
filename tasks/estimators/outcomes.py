"""Predictions of rows beside the truth, as arrays, with what many metrics ask of them worked out once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.estimators.ndcg import ndcgs
from tasks.estimators.own_metrics import OwnMetrics
from tasks.tables.columns import AMOUNTS
from tasks.tables.row_hashes import Hashes

Floats = npt.NDArray[np.float64]
Indices = npt.NDArray[np.intp]
#: What is predicted of a regression in place of the mean: a quantile, or several.
Quantile = float | tuple[float, ...] | None

#: What the names of columns of quantiles begin with.
QUANTILE: Final = "quantile_"
#: Bins of the calibration error.
CALIBRATION_BINS: Final = 10


@dataclass(frozen=True)
class Outcomes:
    """Rows with the truth and what was predicted: numbers for amounts; for classes indices into the classes, and
    `chances` has a column for each class."""

    problem: str
    truth: npt.NDArray[Any]
    given: npt.NDArray[Any]
    chances: Floats
    #: How much each row counts.
    weights: Floats
    #: The quantile that was predicted, or several; None if none was.
    quantile: Quantile = None
    #: Of a ranking: a number for each row that is the same for rows of a query, and for no others.
    queries: Hashes | None = None
    #: Of several quantiles: a column for each.
    quantiles: Floats | None = None
    #: The estimator's own metrics, by name.
    own: OwnMetrics = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        problem: str,
        truth: Any,
        predictions: pa.Table,
        classes: Sequence[Any],
        *,
        weights: Floats | None = None,
        quantile: Quantile = None,
        queries: Hashes | None = None,
    ) -> Self:
        """From predictions (as `Estimator.predict` gives them) and the true values (an Arrow column)."""
        weights = np.ones(len(truth)) if weights is None else weights
        if problem in AMOUNTS:
            numbers = _floats(predictions.column("prediction"))
            several = _quantiles(predictions, quantile) if isinstance(quantile, tuple) else None
            none = np.empty((len(truth), 0))
            return cls(problem, _floats(truth), numbers, none, weights, quantile, queries, several)
        index = {value: number for number, value in enumerate(classes)}
        expected, given = (
            np.array([index[value] for value in values.to_pylist()], dtype=np.intp)
            for values in (truth, predictions.column("prediction"))
        )
        chances = np.column_stack([_floats(predictions.column(f"probability_{i}")) for i in range(len(classes))])
        return cls(problem, expected, given, chances, weights)

    def __len__(self) -> int:
        return len(self.truth)

    @classmethod
    def joined(cls, parts: Sequence[Self]) -> Self:
        """The rows of all parts."""
        arrays = {name: np.concatenate([getattr(part, name) for part in parts]) for name in _ARRAYS}
        queries = [part.queries for part in parts if part.queries is not None]
        several = [part.quantiles for part in parts if part.quantiles is not None]
        return cls(
            parts[0].problem,
            **arrays,
            quantile=parts[0].quantile,
            queries=np.concatenate(queries) if queries else None,
            quantiles=np.concatenate(several) if several else None,
            own=parts[0].own,
        )

    @cached_property
    def scale(self) -> float:
        """By what errors are divided, so that squares do not overflow."""
        return max(float(np.abs(self.truth).max()), float(np.abs(self.given).max()), 1.0)

    @cached_property
    def errors(self) -> Floats:
        """Prediction less truth, divided by `scale`."""
        return np.asarray((self.given - self.truth) / self.scale, dtype=np.float64)

    @cached_property
    def relative(self) -> Floats | None:
        """The error as a part of the truth, without its sign; None if one of the true values is 0."""
        if not self.truth.all():
            return None
        found = np.abs((self.given - self.truth) / self.truth)
        return found if np.isfinite(found).all() else None

    @cached_property
    def pinball(self) -> Floats | None:
        """The loss of each row, of several quantiles their mean, divided by `scale`; None if none was predicted.

        Source: Koenker and Bassett, Regression Quantiles, Econometrica 46 (1978), 33-50.
        """
        if self.quantile is None:
            return None
        guesses = self.given[:, None] if self.quantiles is None else self.quantiles
        levels, misses = np.atleast_1d(self.quantile), (self.truth[:, None] - guesses) / self.scale
        return np.asarray(np.maximum(levels * misses, (levels - 1) * misses).mean(axis=1))

    @cached_property
    def hits(self) -> npt.NDArray[np.bool_]:
        """Where the right class was given."""
        return np.asarray(self.truth == self.given)

    @cached_property
    def losses(self) -> Floats:
        """The logarithmic loss of each row."""
        return log_losses(self.truth, self.chances)

    @cached_property
    def calibration(self) -> tuple[Indices, Floats]:
        """The bin of each row's chance, and by how much the chance is above what came true: of the second of two
        classes, of the most probable one of more."""
        if self.problem == "binary":
            chance, came = self.chances[:, 1], self.truth == 1
        else:
            chance, came = self.chances.max(axis=1), self.chances.argmax(axis=1) == self.truth
        bins = np.minimum((chance * CALIBRATION_BINS).astype(np.intp), CALIBRATION_BINS - 1)
        return bins, chance - came

    def by_chance(self, weights: Floats) -> tuple[Floats, Floats]:
        """How much weight of the second class, and of the first, each different chance has, growing."""
        places, size = self._places
        positive = self.truth == 1
        with_class, without = (np.bincount(places, weights * side, size) for side in (positive, ~positive))
        return np.asarray(with_class, dtype=np.float64), np.asarray(without, dtype=np.float64)

    @cached_property
    def of_query(self) -> Indices:
        """The number of each row's query, from 0. Of rows without queries each is one."""
        return np.arange(len(self)) if self.queries is None else np.unique(self.queries, return_inverse=True)[1]

    @cached_property
    def ndcg(self) -> dict[int, Floats]:
        """NDCG of each query (`ndcgs`)."""
        return ndcgs(self.truth, self.given, self.of_query)

    @cached_property
    def _places(self) -> tuple[Indices, int]:
        values, places = np.unique(self.chances[:, 1], return_inverse=True)
        return places, len(values)


_ARRAYS: Final = ("truth", "given", "chances", "weights")


def auc(positive: npt.NDArray[np.bool_], score: Floats) -> float:
    """Area under the ROC curve: the Mann-Whitney U of the positives over its largest value; ties count a half.

    Source: Hanley and McNeil, Radiology 143 (1982), 29-36. Needs a row of each class.
    """
    _, place, counts = np.unique(score, return_inverse=True, return_counts=True)
    ranks = (np.cumsum(counts) - (counts - 1) / 2)[place]
    size = int(positive.sum())
    rest = len(positive) - size
    return float((ranks[positive].sum() - size * (size + 1) / 2) / (size * rest))


def log_loss(expected: Indices, chances: Floats) -> float:
    """Mean of `log_losses`."""
    return float(log_losses(expected, chances).mean())


def log_losses(expected: Indices, chances: Floats) -> Floats:
    """Negative natural logarithm of the probability given to the true class, kept `eps` away from 0 and 1.

    Source: Bishop, Pattern Recognition and Machine Learning (2006), eq. 4.108. `eps` is that of float64.
    """
    eps = np.finfo(np.float64).eps
    true = chances[np.arange(len(expected)), expected]
    return np.asarray(-np.log(np.clip(true, eps, 1 - eps)))


def quantile_name(level: float) -> str:
    """The column of a quantile in a table of predictions, such as `quantile_0.9`."""
    return f"{QUANTILE}{level}"


def _quantiles(predictions: pa.Table, levels: Sequence[float]) -> Floats:
    """A column for each level; the prediction for one that the model does not have."""
    there = predictions.column_names
    names = [name if (name := quantile_name(level)) in there else "prediction" for level in levels]
    return np.column_stack([_floats(predictions.column(name)) for name in names])


def _floats(values: Any) -> Floats:
    return np.asarray(values.to_numpy(), dtype=np.float64)
