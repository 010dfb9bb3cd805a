"""Tables of few rows are measured on all of them: each by a model that has not seen it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.metrics import figures
from tasks.estimators.outcomes import Outcomes, Quantile
from tasks.learning.measuring import Graded, grade
from tasks.registry.measured import Decision
from tasks.tables.columns import AMOUNTS
from tasks.tables.folds import FOLDS, fold_codes


def cross_validated(
    estimator: Estimator[Any],
    dataset: Dataset,
    params: Mapping[str, Any],
    *,
    progress: Progress,
    quantile: Quantile = None,
) -> list[Graded]:
    """A model of each fold. Empty if the table has no folds. Raises what a fit raises."""
    if dataset.test is None:
        return []
    whole = pa.concat_tables([dataset.train, dataset.holdout, dataset.test])
    parts = folds_of(dataset, whole)
    return [grade(estimator, estimator.fit(part, params, progress), part, quantile=quantile) for part in parts]


def pooled(graded: list[Graded]) -> Graded:
    """The outcomes of all folds together."""
    outcomes, guessed = (Outcomes.joined([getattr(one, name) for one in graded]) for name in ("outcomes", "guessed"))
    if guessed.problem not in AMOUNTS:
        # One guess for all: what differs between folds would rank their rows.
        chances = np.tile(guessed.chances.mean(axis=0), (len(guessed), 1))
        guessed = replace(guessed, chances=chances, given=chances.argmax(axis=1))
    return Graded(Decision(), outcomes, guessed)


def spread(graded: list[Graded]) -> tuple[dict[str, float], dict[str, float]]:
    """Mean and standard deviation of the folds' own metrics, of those which all have."""
    found = [figures(one.outcomes) for one in graded]
    names = [name for name in found[0] if all(name in one and np.isfinite(one[name]) for one in found)]
    mean = {name: float(np.mean([one[name] for one in found])) for name in names}
    return mean, {name: float(np.std([one[name] for one in found], ddof=1)) for name in names}


def folds_of(dataset: Dataset, rows: pa.Table) -> Iterator[Dataset]:
    """These rows of a dataset, dealt into folds: of each the dataset that has it as its test rows."""
    schema, by = dataset.schema, dataset.choices.split
    column = schema.beside_of(by) if by != "random" else ""
    query = schema.beside_of("query") if schema.problem == "ranking" and by == "time" else ""
    dealt = rows.select([*schema.names, schema.target, *filter(None, [column, query])])
    codes = fold_codes(dealt, by, column, target=schema.target, classes=bool(schema.classes), query=query)
    for fold in range(2 if by == "time" else 0, FOLDS):
        stop = fold - 1 if by == "time" else (fold + 1) % FOLDS
        learned = codes < stop if by == "time" else (codes != fold) & (codes != stop)
        masks = (learned, codes == stop, codes == fold)
        if all(mask.any() for mask in masks):
            train, holdout, test = (rows.filter(pa.array(mask)) for mask in masks)
            yield Dataset(train, holdout, schema, test=test, choices=dataset.choices, options=dataset.options)
