"""Whether a new version becomes the current one, and why."""

from __future__ import annotations

import logging

import msgspec

from tasks.contract import Promote
from tasks.errors import ServiceError
from tasks.estimators.base import Dataset
from tasks.estimators.metrics import figures, main_metric
from tasks.estimators.outcomes import Outcomes
from tasks.estimators.uncertainty import difference as metric_difference
from tasks.learning.measuring import outcomes_on
from tasks.registry.records import Promotion
from tasks.tables.checks import listed
from tasks.tables.columns import Schema
from tasks.worker.runtime import Runtime
from tasks.worker.verdicts import domain_error

log = logging.getLogger(__name__)


def decide(
    runtime: Runtime, model: str, rule: Promote, *, dataset: Dataset, outcomes: Outcomes | None
) -> tuple[bool, Promotion]:
    """(whether to promote, what is said of it) for a version with these outcomes on the dataset's test rows (None: it
    has none).

    Raises nothing but what ends the process: a fit that succeeded is stored, whatever the comparison comes to.
    """
    if rule is not Promote.IF_BETTER:
        return rule is Promote.ALWAYS, Promotion(decided=True, because=f"promote was {rule.value!r}")
    current = None
    try:
        current = runtime.registry.current(model)
        if current is None:
            return True, Promotion(decided=True, because="there was no current version")
        if outcomes is None:
            return _undecided("there are no rows on which the new version could be compared")
        return _compare(runtime, model, current, dataset=dataset, new=outcomes)
    except Exception as error:
        # Also the time limit, and a store that is away: what was fitted is worth more than the comparison.
        log.warning("version %s of %s could not be compared", current, model, exc_info=error)
        which = f"version {current}" if current else "the current version"
        return _undecided(f"{which} could not be measured on the new holdout: {domain_error(error)}")


def _compare(runtime: Runtime, model: str, current: int, *, dataset: Dataset, new: Outcomes) -> tuple[bool, Promotion]:
    loaded, record = runtime.models.get(model, current), runtime.registry.version(model, current)
    if fault := difference(loaded.schema, dataset.schema):
        return _undecided(f"version {current} cannot be measured on this data: {fault}")
    artefact = loaded.artefact
    if record.measured_artefact:
        # What is served has learned from test rows; this has not.
        artefact = loaded.estimator.load(runtime.blobs.get(record.measured_artefact))
    try:
        old = outcomes_on(
            dataset.tested, loaded.estimator, artefact, loaded.schema,
            decision=record.decision, weights=new.weights, quantile=new.quantile,
        )  # fmt: skip
    except ServiceError as error:
        return _undecided(f"version {current} cannot be measured on this data: {error}")
    better, promotion = verdict(new, old, metric=dataset.choices.metric, current=current)
    if record.imported is not None:
        said = f"{promotion.because}; version {current} was imported, and may have learned from these rows"
        promotion = msgspec.structs.replace(promotion, because=said)
    return better, promotion


def verdict(new: Outcomes, old: Outcomes, *, metric: str, current: int) -> tuple[bool, Promotion]:
    """Better is what the metric says on the same rows, and no more than 1 in 20 by chance: the 90 % interval of the
    difference is on the better side of 0."""
    found, before = figures(new), figures(old)
    name, more = main_metric(new.problem, metric, found, before, own=new.own)
    values = f"{name} on the holdout is {found[name]:.6g}, that of version {current} is {before[name]:.6g}"
    span = metric_difference(new, old, name)
    if span is None:
        better = found[name] > before[name] if more else found[name] < before[name]
        return better, Promotion(decided=True, because=f"{values}; {len(new)} rows tell no interval")
    better = span[0] > 0 if more else span[1] < 0
    rule = "without 0, so it is better" if better else "with 0 in it or on the worse side, so it is not surely better"
    said = (
        f"the 90 % interval of the difference on the same {len(new):,} rows is {span[0]:.3g} to {span[1]:.3g}, {rule}"
    )
    return better, Promotion(decided=True, because=f"{values}; {said}")


def difference(old: Schema, new: Schema) -> str:
    """Why a model with the old schema cannot be measured on rows of the new one; empty if it can."""
    if old.target != new.target:
        return f"it predicts {old.target!r}, not {new.target!r}"
    if old.problem != new.problem:
        return f"it was trained for {old.problem}, not {new.problem}"
    if (old.class_type, old.classes) != (new.class_type, new.classes):
        return f"its classes are {listed([str(value) for value in old.classes])}"
    missing = [name for name in old.names if name not in new.names]
    return f"the data no longer have {listed(missing)}" if missing else ""


def _undecided(because: str) -> tuple[bool, Promotion]:
    return False, Promotion(decided=False, because=f"{because}; promote the new version by hand if it is to be used")
