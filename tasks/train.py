"""The task `tasks.train`: fit on the latest snapshot, measure, store a version."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Final

import msgspec
import redis
from celery import Task, shared_task

from tasks.cluster.asked import Said, read_distributed
from tasks.contract import DEFAULT_ESTIMATOR, EXPORT, IMPORT, TASKS, Kind, Promote
from tasks.errors import InvalidField, ServiceError
from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome
from tasks.search.asked import Search, read_search
from tasks.tables.malformed import parse
from tasks.worker.afterwards import Afterwards
from tasks.worker.direct import run_direct
from tasks.worker.passed import passed_on
from tasks.worker.runner import WorkTask, run_claimed
from tasks.worker.runtime import Runtime
from tasks.worker.time_limits import interruptible
from tasks.worker.verdicts import succeeded

if TYPE_CHECKING:
    from tasks.learning.recording import Report, Step

#: Shortest time between two reports of progress; the last iteration is always reported.
REPORT_SECONDS: Final = 0.05


class Body(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The body of a train request."""

    params: dict[str, Any] = {}
    promote: str = Promote.ALWAYS.value
    search: Search | None = None
    from_version: int | str | None = None
    predict_seconds: float | None = None
    distributed: Said | None = None


@shared_task(name=TASKS[Kind.TRAIN], base=WorkTask, bind=True, throws=(ServiceError,))  # type: ignore[untyped-decorator]
def train(
    self: Task,
    before: Any = None,
    /,
    *,
    group: str | None = None,
    model: str = "",
    params: dict[str, Any] | None = None,
    promote: str = Promote.ALWAYS.value,
    search: dict[str, Any] | None = None,
    from_version: int | str | None = None,
    predict_seconds: float | None = None,
    distributed: bool | dict[str, Any] | None = None,
) -> Any:
    """A group from the ledger; or a direct call, which returns `{"model", "version", "metrics", "promoted",
    "seconds", "importance", "params_used", "fingerprint"}`.

    `from_version`: a version, by number or alias, that the fit goes on from. `distributed`: True or {"workers": N}, for
    a fit over a Dask cluster. `before`: the model's name, or the result
    of the step before in a chain, of whose model this is a version unless `model` names another.
    """
    from tasks.learning import fitting, starting

    if group is not None:
        afterwards = Afterwards()
        return run_claimed(self, group, partial(_run_group, afterwards), afterwards)

    def show(state: dict[str, Any]) -> None:
        # Where nobody wants a result, nothing would take the progress away again.
        if not self.request.ignore_result:
            self.update_state(state="PROGRESS", meta=state)

    def work(runtime: Runtime) -> Any:
        named = model or passed_on(before).get("model", "")
        request = fitting.Request(
            model=named,
            params=params or {},
            promote=_promote(promote),
            trials_of=self.request.id,
            search=read_search(search) if search is not None else None,
            from_version=starting.check_named(from_version),
            predict_seconds=predict_seconds,
            distributed=read_distributed(distributed),
        )
        return fitting.fit(runtime, request, report=throttled(show))

    return run_direct(self, work)


def _run_group(afterwards: Afterwards, runtime: Runtime, claim: Claim) -> list[Outcome]:
    if EXPORT in claim.heads[0].query:
        from tasks.exchange.exporting import export_group

        return export_group(runtime, claim)
    if IMPORT in claim.heads[0].query:
        from tasks.exchange.importing import import_group

        return import_group(runtime, claim)
    from tasks.learning import fitting, starting
    from tasks.tables.unpacking import unpacked

    body = parse(unpacked(claim.bodies[0], claim.heads[0].coding, runtime.bounds), Body)
    request = fitting.Request(
        model=claim.heads[0].model,
        params=body.params,
        promote=_promote(body.promote),
        task=f"{claim.group}-0",
        claim=claim,
        search=body.search,
        from_version=starting.check_named(body.from_version),
        predict_seconds=body.predict_seconds,
        distributed=read_distributed(body.distributed),
        trials_of=f"{claim.group}-0",
    )
    if claim.version is not None:
        # Its worker died before it could say so, and may not have come to this either.
        runtime.registry.trials.drop(request.trials_of)
        return [succeeded(fitting.result_of(runtime, request.model, claim.version, later=afterwards.add))]
    _read_source(runtime, claim)

    def show(state: dict[str, Any]) -> None:
        # A train is not given up because Redis is away or full for a while; whether it may store its version is asked
        # then.
        with suppress(redis.exceptions.RedisError):
            runtime.ledger.progress(claim, state)

    # Data that a source gave are stored, and were let finish; the fit may be interrupted again.
    with interruptible(runtime.disconnect):
        return [succeeded(fitting.fit(runtime, request, report=throttled(show), later=afterwards.add))]


def _read_source(runtime: Runtime, claim: Claim) -> None:
    """Where the train names a source, make that the model's data first: init and train are one piece of work then,
    which a worker that dies cannot leave half done."""
    from tasks.learning import ingest
    from tasks.sources.asked import Asked

    head = claim.heads[0]
    source = head.query.get("source")
    if source is None:
        return
    # The original service learned from whatever its source had then.
    request = ingest.Request(
        model=head.model,
        target=head.query["target"],
        estimator=DEFAULT_ESTIMATOR,
        options={},
        claim=claim,
        replace=True,
        source=source,
    )
    ingest.initialise(runtime, request, ingest.from_source(runtime, Asked(source=source)))


def throttled(report: Callable[[dict[str, Any]], Any], *, clock: Callable[[], float] = time.monotonic) -> Report:
    """Reports at most once in REPORT_SECONDS, and always the last iteration. What was measured in one that is not
    reported is in the next report.

    `seconds_left` is the time for all iterations that there may be, at the pace since the first one, before which data
    are read; a train that stops early has fewer. A fit that comes after others has a pace of its own.
    """
    start = clock()
    last = -REPORT_SECONDS
    before: float = 0
    first: tuple[int, float] | None = None

    def progress(step: Step) -> None:
        nonlocal first, last, before
        iteration, elapsed = step.iteration, clock() - start
        first = None if iteration < before else first
        # An iteration of a search is a trial, which says nothing of the fit that follows.
        before = iteration if step.seconds_left is None else math.inf
        first = first or ((iteration, elapsed) if iteration else None)
        begun = first or (0, 0.0)
        done, spent = (iteration - begun[0], elapsed - begun[1]) if iteration > begun[0] else (iteration, elapsed)
        left = 0.0 if step.last or not done else spent / done * (step.total - iteration)
        left = left if step.seconds_left is None else step.seconds_left
        if not step.last and elapsed - last < REPORT_SECONDS:
            return
        last = elapsed
        times = {"seconds": round(elapsed, 3), "seconds_left": round(left, 3)}
        report({"iteration": iteration, "total": step.total, **times, **known(step)})

    return progress


def known(step: Step) -> dict[str, Any]:
    """What is known of the metrics, as it is written down."""
    return {
        "metrics": step.metrics,
        "measured": step.measured,
        "best": {name: msgspec.to_builtins(best) for name, best in step.best.items()},
        **({} if step.search is None else {"search": step.search}),
    }


def _promote(text: str) -> Promote:
    try:
        return Promote(text)
    except ValueError:
        rules = ", ".join(rule.value for rule in Promote)
        raise InvalidField(f"promote must be one of {rules}, not {text!r}").at("/promote") from None
