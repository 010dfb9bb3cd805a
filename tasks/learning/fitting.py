"""From a snapshot to a version: fit, measure on the holdout, decide on promotion, store."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import msgspec

from tasks.cluster.asked import Distributed
from tasks.cluster.dask_gang import DaskGang
from tasks.contract import Promote
from tasks.errors import InvalidField
from tasks.estimators import fields
from tasks.estimators.base import Estimator
from tasks.learning.choosing import Wishes, choose_and_fit
from tasks.learning.judging import UNMEASURED, judgement
from tasks.learning.measuring import choose, grade
from tasks.learning.missing_plans import add_missing_plan
from tasks.learning.promotion import decide
from tasks.learning.provenance import lineage_of
from tasks.learning.recording import Report
from tasks.learning.searching import check_search, trials_kept
from tasks.learning.spreading import remarks, spread
from tasks.learning.starting import Start, started
from tasks.ledger.groups import Claim
from tasks.registry.names import check_name
from tasks.registry.records import Snapshot, Version
from tasks.registry.schemas import put_schema
from tasks.registry.snapshots import read_dataset
from tasks.reports.making import add_missing_report, add_report, begin_report
from tasks.search.asked import Search
from tasks.worker.runtime import Runtime
from tasks.worker.time_limits import let_finish

log = logging.getLogger(__name__)


class Request(msgspec.Struct, frozen=True):
    """What a train asks for."""

    model: str
    params: dict[str, Any]
    promote: Promote
    task: str = ""
    claim: Claim | None = None
    search: Search | None = None
    #: Under what the trials of a search are kept until it is over: what another worker that goes on with it is told.
    trials_of: str = ""
    #: The version that it goes on from, by number or alias.
    from_version: int | str | None = None
    #: How long the model may take for a row that is asked alone; None: any time.
    predict_seconds: float | None = None
    #: The workers of a cluster over which it is fitted; None: one process does it.
    distributed: Distributed | None = None


def at_once(act: Callable[[], None]) -> None:
    """Do what may also be done after the result is written."""
    act()


def fit(
    runtime: Runtime, request: Request, *, report: Report, later: Callable[[Callable[[], None]], None] = at_once
) -> dict[str, Any]:
    """Train a version, all or nothing. Returns what `tasks.train` promises. What nobody who waits for the result needs,
    the drawing of its report, is left to `later`.

    Raises ModelNotInitialised, InvalidParams, FenceLost, EstimatorFailed, ClusterFailed, and whatever `report` raises.
    """
    check_name(request.model)
    snapshot = runtime.registry.snapshot(request.model)
    estimator = runtime.estimators.get(snapshot.estimator)
    estimator.check(request.params)
    start, gang = Start(), None
    if request.distributed is not None:
        beside = {name: getattr(request, name) for name in ("search", "from_version", "predict_seconds")}
        scheduler = runtime.settings.dask_scheduler
        estimator, gang = spread(scheduler, request.distributed, estimator, beside=beside)
    if request.from_version is not None:
        if request.search is not None:
            raise InvalidField("from_version and search cannot be used together: leave one of them out").at("/search")
        if request.predict_seconds is not None:
            raise InvalidField(
                "from_version and predict_seconds cannot be used together, since no tree of a version is left out"
            ).at("/predict_seconds")
        estimator, start = started(runtime, request.model, request.from_version, snapshot=snapshot, estimator=estimator)
    if request.search is not None:
        check_search(runtime, request.search, request.params, estimator)
    with trials_kept(runtime, request.trials_of) if request.search is not None else nullcontext():
        return _fit(runtime, request, snapshot, estimator, report=report, start=start, gang=gang, later=later)


def _fit(
    runtime: Runtime,
    request: Request,
    snapshot: Snapshot,
    estimator: Estimator[Any],
    *,
    report: Report,
    start: Start,
    gang: DaskGang | None,
    later: Callable[[Callable[[], None]], None],
) -> dict[str, Any]:
    with runtime.traces.step("read data", model=request.model):
        dataset = read_dataset(runtime.blobs, snapshot)
    findings = add_missing_plan(runtime, request.model, snapshot, dataset) + start.findings
    wishes = Wishes(snapshot.estimator, request.search, request.trials_of, request.predict_seconds)
    chosen = choose_and_fit(
        runtime, request.model, wishes, request.params, estimator=estimator, dataset=dataset, report=report
    )  # fmt: skip
    fitted, params = chosen.fitted, chosen.params
    graded, judged = None, UNMEASURED
    if dataset.rows:
        with runtime.traces.step("measure", rows=dataset.tested.num_rows):
            graded = grade(estimator, fitted.measured, dataset, quantile=estimator.quantile(params))
            judged = judgement(fitted, graded, dataset)
    outcomes = graded.outcomes if graded else None
    findings += remarks(gang) + judged.findings
    artefact_blob = runtime.blobs.put(estimator.dump(fitted.served))
    promote, promotion = decide(runtime, request.model, request.promote, dataset=dataset, outcomes=outcomes)
    if promote:
        # As early as it is known: meanwhile it is loaded.
        runtime.registry.expect(request.model, snapshot.estimator, artefact_blob)
    version = Version(
        estimator=snapshot.estimator,
        target=snapshot.target,
        problem=snapshot.problem,
        schema_blob=put_schema(runtime.blobs, snapshot),
        fingerprint=snapshot.fingerprint,
        artefact=artefact_blob,
        measured_artefact=runtime.blobs.put(estimator.dump(fitted.measured)) if fitted.two else "",
        params=request.params,
        params_used=estimator.params_used(fitted.served) or fields.with_defaults(estimator.Params, params),
        metrics=judged.metrics,
        importance={n: v for n, v in estimator.importance(fitted.served).items() if math.isfinite(v)},
        curve=chosen.curve,
        seconds=fitted.seconds,
        created_at=time.time(),
        task=request.task,
        promotion=promotion,
        measured=judged.measured,
        decision=graded.decision if graded and not fitted.two else choose(estimator, fitted.served, dataset),
        findings=msgspec.Raw(msgspec.json.encode(findings)),
        search=chosen.searched,
        latency=chosen.latency,
        lineage=lineage_of(
            runtime.estimators.path(snapshot.estimator),
            request.claim,
            start=start.number,
            workers=gang.size if gang else 0,
        ),
    )
    # A train that has stored its version does not fail any more.
    let_finish()
    with runtime.traces.step("store", model=request.model) as step:
        number = runtime.registry.add_version(request.model, version, promote=promote, claim=request.claim)
        step.say(version=number, promoted=promote)
    log.info(
        "version %d of %s is stored%s",
        number,
        request.model,
        " and current" if promote else "",
        extra={"model": request.model, "version": number, "seconds": round(fitted.seconds, 3)},
    )

    # Only now, so that nothing that a report does can keep a version from being stored.
    def draw() -> None:
        with runtime.traces.step("report", model=request.model, version=number):
            add_report(
                runtime,
                request.model,
                number,
                estimator=estimator,
                artefact=fitted.measured,
                dataset=dataset,
                outcomes=outcomes,
            )

    begin_report(runtime, request.model, number)
    later(draw)
    return train_result(request.model, number, version, promoted=promote)


def result_of(
    runtime: Runtime, model: str, number: int, *, later: Callable[[Callable[[], None]], None] = at_once
) -> dict[str, Any]:
    """The result of a train that stored its version and could not say so. Its report, which is drawn after that, is
    left to `later`."""
    begin_report(runtime, model, number)
    later(lambda: add_missing_report(runtime, model, number))
    current = runtime.registry.current(model)
    return train_result(model, number, runtime.registry.version(model, number), promoted=current == number)


def train_result(model: str, number: int, version: Version, *, promoted: bool) -> dict[str, Any]:
    """What `tasks.train` promises of a version."""
    return {
        "model": model,
        "version": number,
        "metrics": version.metrics,
        "measured": msgspec.to_builtins(version.measured),
        "promoted": promoted,
        "promotion": msgspec.to_builtins(version.promotion),
        "seconds": version.seconds,
        "importance": version.importance,
        "params_used": version.params_used,
        "fingerprint": version.fingerprint,
        "findings": msgspec.json.decode(version.findings),
        **(
            {"distributed": {"workers": version.lineage.workers}} if version.lineage and version.lineage.workers else {}
        ),
        **({} if version.search is None else {"search": msgspec.to_builtins(version.search)}),
        **({} if version.latency is None else {"latency": msgspec.to_builtins(version.latency)}),
    }
