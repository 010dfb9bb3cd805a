"""What a version says of rows that it has not seen, set against the truth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.estimators import asking
from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.outcomes import Floats, Outcomes, log_loss
from tasks.tables.schema import class_indices, conform, missing_anywhere, numbers

#: Most rows of the holdout that are looked at, evenly spaced.
ROWS: Final = 20_000
#: How many first places of a ranking are looked at.
PLACES: Final = 10
#: Groups of predictions in a calibration.
BINS: Final = 10

Indices = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Judged:
    """Rows of the holdout with the truth and the predictions. For a regression both are numbers; for classes they are
    indices into `classes`, and `chances` has a column for each class."""

    rows: pa.Table
    truth: Floats | Indices
    given: Floats | Indices
    classes: Sequence[Any]
    chances: Floats
    #: How many rows the holdout has.
    whole: int
    #: Of a ranking: the mean relevance of the rows that come first, second, ... by their scores, over all queries.
    by_place: Sequence[float] = ()

    @cached_property
    def misses(self) -> Floats:
        """How far each row is off: the residual (truth less prediction); for classes 1 where the class is wrong."""
        if self.classes:
            return np.asarray(self.truth != self.given, dtype=np.float64)
        return np.asarray(self.truth - self.given, dtype=np.float64)

    def error(self, chosen: npt.NDArray[np.bool_]) -> float:
        """The error of some rows: root mean squared; for classes the part that is wrong."""
        part = self.misses[chosen]
        return float(part.mean() if self.classes else np.sqrt((part**2).mean()))

    def loss(self, chosen: npt.NDArray[np.bool_]) -> float:
        """For classes, the log loss of some rows."""
        return log_loss(np.asarray(self.truth, dtype=np.intp)[chosen], self.chances[chosen])


@dataclass(frozen=True)
class Calibration:
    """Groups of predictions of one event: the mean chance that was given, the part that came true, their number."""

    given: list[float]
    true: list[float]
    counts: list[int]


def judge(estimator: Estimator[Any], artefact: Any, dataset: Dataset, outcomes: Outcomes | None = None) -> Judged:
    """What the model says of the rows that measure. `outcomes`: of all of these, if they are known."""
    schema, whole = dataset.schema, dataset.tested.num_rows
    holdout = thinned(dataset.tested, ROWS)
    rows = conform(holdout.select(schema.names), missing_anywhere(schema))
    if outcomes is not None and len(outcomes) == whole:
        chosen = _evenly(whole, ROWS)
        truth, given = outcomes.truth[chosen], outcomes.given[chosen]
        by_place = relevance_by_place(outcomes) if schema.problem == "ranking" else ()
        return Judged(rows, truth, given, schema.classes, outcomes.chances[chosen], whole, by_place)
    found, target = asking.predictions(estimator, artefact, rows, schema), holdout.column(schema.target)
    if not schema.classes:
        truth, given = numbers(target), numbers(found.column("prediction"))
        return Judged(rows, truth, given, [], np.empty((len(truth), 0)), whole)
    chances = np.column_stack([numbers(found.column(f"probability_{i}")) for i in range(len(schema.classes))])
    classes = class_indices(found.column("prediction"), schema)
    return Judged(rows, class_indices(target, schema), classes, schema.classes, chances, whole)


def relevance_by_place(outcomes: Outcomes) -> list[float]:
    """The mean relevance of the rows in the first places of the queries that have so many."""
    order = np.lexsort((-outcomes.given, outcomes.of_query))
    counts = np.bincount(outcomes.of_query)
    places = np.arange(len(order)) - np.repeat(np.cumsum(counts) - counts, counts)
    truth = outcomes.truth[order]
    return [float(truth[places == place].mean()) for place in range(min(PLACES, int(counts.max())))]


def thinned(table: pa.Table, most: int) -> pa.Table:
    """At most so many rows of a table, evenly spaced."""
    if table.num_rows <= most:
        return table
    return table.take(_evenly(table.num_rows, most))


def _evenly(rows: int, most: int) -> Indices:
    return np.linspace(0, rows - 1, min(rows, most)).astype(np.int64)


def calibration(judged: Judged) -> Calibration:
    """Of two classes the chance of the second; of more, that of the class which was given. By groups of equal size."""
    if len(judged.classes) == 2:
        chance, came = judged.chances[:, 1], judged.truth == 1
    else:
        chance, came = judged.chances.max(axis=1), judged.truth == judged.given
    edges = np.unique(np.quantile(chance, np.linspace(0, 1, BINS + 1)))
    group = np.clip(np.searchsorted(edges, chance, side="right") - 1, 0, max(len(edges) - 2, 0))
    parts = [part for number in range(max(len(edges) - 1, 1)) if (part := group == number).any()]
    return Calibration(
        [float(chance[part].mean()) for part in parts],
        [float(came[part].mean()) for part in parts],
        [int(part.sum()) for part in parts],
    )


def confusion(judged: Judged, *, most: int) -> tuple[list[str], Indices]:
    """(names, counts): for each true class, a row, how often each class was given, a column. Where there are more than
    `most` classes the rarest are one, called "others"."""
    size = len(judged.classes)
    truth, given = np.asarray(judged.truth, dtype=np.int64), np.asarray(judged.given, dtype=np.int64)
    names = [str(name) for name in judged.classes]
    if size > most:
        common = np.sort(np.argsort(-np.bincount(truth, minlength=size), kind="stable")[: most - 1])
        place = np.full(size, most - 1)
        place[common] = np.arange(most - 1)
        names, truth, given, size = [*(names[i] for i in common), "others"], place[truth], place[given], most
    return names, np.bincount(truth * size + given, minlength=size * size).reshape(size, size)
