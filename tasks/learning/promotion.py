"""Whether a new version becomes the current one, and why."""

from __future__ import annotations

import logging
from dataclasses import replace

from tasks.contract import Promote
from tasks.errors import ServiceError
from tasks.estimators.base import Dataset
from tasks.estimators.metrics import better_by
from tasks.learning.measuring import measure_on
from tasks.registry.models_registry import Promotion
from tasks.tables.checks import listed
from tasks.tables.columns import Schema
from tasks.worker.model_cache import Loaded
from tasks.worker.runtime import Runtime
from tasks.worker.verdicts import domain_error

log = logging.getLogger(__name__)


def decide(
    runtime: Runtime, model: str, rule: Promote, *, dataset: Dataset, metrics: dict[str, float]
) -> tuple[bool, Promotion]:
    """(whether to promote, what is said of it) for a version with these metrics on the dataset's holdout.

    Raises nothing but what ends the process: a fit that succeeded is stored, whatever the comparison comes to.
    """
    if rule is not Promote.IF_BETTER:
        return rule is Promote.ALWAYS, Promotion(decided=True, because=f"promote was {rule.value!r}")
    current = None
    try:
        current = runtime.registry.current(model)
        if current is None:
            return True, Promotion(decided=True, because="there was no current version")
        loaded = runtime.models.get(model, current)
        if digest := runtime.registry.version(model, current).measured_artefact:
            loaded = replace(loaded, artefact=loaded.estimator.load(runtime.blobs.get(digest)))
        return _compare(loaded, dataset, metrics)
    except Exception as error:
        # Also the time limit, and a store that is away: what was fitted is worth more than the comparison.
        log.warning("version %s of %s could not be compared", current, model, exc_info=error)
        which = f"version {current}" if current else "the current version"
        return _undecided(f"{which} could not be measured on the new holdout: {domain_error(error)}")


def _compare(current: Loaded, dataset: Dataset, metrics: dict[str, float]) -> tuple[bool, Promotion]:
    if fault := difference(current.schema, dataset.schema):
        return _undecided(f"version {current.version} cannot be measured on this data: {fault}")
    try:
        old = measure_on(dataset.tested, current.estimator, current.artefact, current.schema)
    except ServiceError as error:
        return _undecided(f"version {current.version} cannot be measured on this data: {error}")
    name, better = better_by(dataset.schema.problem, metrics, old)
    words = f"{name} on the holdout is {metrics[name]:.6g}, that of version {current.version} is {old[name]:.6g}"
    return better, Promotion(decided=True, because=words)


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
