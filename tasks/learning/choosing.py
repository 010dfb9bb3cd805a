"""The params of a train and the fit with them: as they are given, searched for, and bounded by the time for a row."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tasks.estimators.base import Dataset, Estimator
from tasks.learning.fits import Fitted, fit_models, unrecorded
from tasks.learning.latency import Limit
from tasks.learning.recording import Recorder, Report
from tasks.learning.searching import search_params, told_with
from tasks.registry.curve import Curve
from tasks.registry.latency import Latency
from tasks.registry.searched import Searched
from tasks.search.asked import Search
from tasks.worker.runtime import Runtime


@dataclass(frozen=True)
class Wishes:
    """What a train asks for beside params."""

    #: The name of the estimator.
    estimator: str
    search: Search | None
    #: Under what the trials of a search are kept.
    trials_of: str
    #: How long a row may take; None: any time.
    predict_seconds: float | None


@dataclass(frozen=True)
class Chosen:
    """What came of it."""

    params: dict[str, Any]
    fitted: Fitted
    curve: Curve
    searched: Searched | None
    latency: Latency | None


def choose_and_fit(
    runtime: Runtime,
    model: str,
    wishes: Wishes,
    params: Mapping[str, Any],
    *,
    estimator: Estimator[Any],
    dataset: Dataset,
    report: Report,
) -> Chosen:
    """Raises what a fit, a search and a report raise, and InvalidField for a time that no model keeps."""
    base, searched, limit = dict(params), None, None
    quiet = unrecorded(Recorder(report, grows=estimator.grows))
    if wishes.predict_seconds is not None:
        limit = Limit(wishes.predict_seconds, estimator, dataset)
        with runtime.traces.step("bound", model=model):
            limit.check(base, quiet)
            if wishes.search is not None:
                # What is looked for is looked for among models that are quick enough.
                base, _ = limit.kept(base, lambda now: estimator.fit(dataset, now, quiet), model=lambda made: made)
    if wishes.search is not None:
        with runtime.traces.step(
            "search", model=model, estimator=wishes.estimator, rows=dataset.train.num_rows
        ) as step:
            searched = search_params(
                runtime, wishes.search, trials_of=wishes.trials_of, params=base, estimator=estimator,
                dataset=dataset, report=report, allow=limit.allow if limit else lambda _model: None,
            )  # fmt: skip
            step.say(trials=sum(searched.trials.values()))
        base, report = {**base, **searched.params}, told_with(report, searched)

    def fit(now: Mapping[str, Any]) -> tuple[Fitted, Curve]:
        recorder = Recorder(report, grows=estimator.grows)
        with runtime.traces.step("fit", model=model, estimator=wishes.estimator, rows=dataset.train.num_rows):
            fitted = fit_models(estimator, dataset, now, recorder=recorder, searched=searched is not None)
        return fitted, recorder.curve

    if limit is None:
        fitted, curve = fit(base)
        return Chosen(base, fitted, curve, searched, None)
    used, (fitted, curve) = limit.kept(base, fit, model=lambda made: made[0].served)
    asked = {**params, **(searched.params if searched else {})}
    return Chosen(used, fitted, curve, searched, limit.told(asked, used))
