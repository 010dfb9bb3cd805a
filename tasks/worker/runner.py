"""How accepted work runs: claim the record, work, write the outcome."""

from __future__ import annotations

import logging
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import redis
from celery import Task
from celery.exceptions import SoftTimeLimitExceeded

from tasks.contract import State
from tasks.errors import FenceLost
from tasks.ledger.groups import Claim
from tasks.ledger.history import unwanted
from tasks.ledger.outcomes import Outcome, failure, is_given_up
from tasks.telemetry import logs
from tasks.telemetry.failures import log_failures, subject
from tasks.worker.afterwards import Afterwards
from tasks.worker.isolation import Unfinished, interrupted, memory_limit, one_by_one, only, poison, time_limit
from tasks.worker.passed import check_positional
from tasks.worker.runtime import Runtime, runtime
from tasks.worker.time_limits import interruptible, not_yet
from tasks.worker.verdicts import PASSING, failed, given_up, raised, retry_delay

log = logging.getLogger(__name__)

#: What no outcome is made of: another worker has the work, or goes on with it.
HANDED_ON: tuple[type[BaseException], ...] = (FenceLost, Unfinished)


class WorkTask(Task):  # type: ignore[misc]
    """The base of the tasks that a caller may ask for."""

    Request = "tasks.worker.leases:WorkRequest"
    Strategy = "tasks.worker.handover:strategy"
    #: Wrong arguments are the error of this task. Checked where it is sent, as the next step of a chain say, they would
    #: be that of the step before it, whose caller would then wait for ever.
    typing = False
    #: What `run_claimed` is given for a group of the ledger, where that may go the short way (`short_way.py`).
    work_on_group: Callable[[Runtime, Claim], list[Outcome]]

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Run the task. Raises InvalidField for positional arguments that it does not take."""
        check_positional(self.name, args)
        return self.run(*args, **kwargs)


def run_claimed(
    task: Task, group: str, work: Callable[[Runtime, Claim], list[Outcome]], afterwards: Afterwards | None = None
) -> str | None:
    """Claim a group, have it worked on, write the outcomes, and do what the work left for `afterwards`. Returns how
    many items ended how, for Flower to show.

    Raises the error of a group in which nothing succeeded, after it is written down, so that Celery and Flower see
    a failed task. After a passing error the group is tried again later, or given up when that was so too often.
    """
    not_yet()
    collaborators = runtime(task.app.settings)
    began = time.time_ns()
    claim = collaborators.ledger.claim(group, holder=task.app.holder, in_turn=True)
    if claim is None:
        about = {"task_id": group}
        log.info(
            "work %s is finished, held elsewhere, no longer known or not the next in turn; its message is dropped",
            group,
            extra=about,
        )
        return None
    with logs.about(**subject(claim)), collaborators.traces.group(claim, began=began) as step:
        try:
            outcomes = _finished(collaborators, claim, work)
            step.tell(outcomes)
        except Unfinished as turn:
            collaborators.ledger.put_back(group, holder=task.app.holder, excused=turn.excused)
            return None
        except FenceLost:
            log.warning("the hold on work %s is lost; what was done for it here is dropped", group)
            raise
        counts = Counter(outcome.state for outcome in outcomes)
        if counts[State.FAILED]:
            log_failures(claim, outcomes)
        if afterwards is not None:
            afterwards.run()
    if not counts[State.SUCCEEDED]:
        raise raised(next((outcome for outcome in outcomes if outcome.state is State.FAILED), outcomes[0]))
    said = [f"{count} {state.value}" for state, count in counts.items() if count]
    rows = sum(outcome.rows for outcome in outcomes)
    return ", ".join([*said, f"{rows} rows"] if rows else said)


def _finished(collaborators: Runtime, claim: Claim, work: Callable[[Runtime, Claim], list[Outcome]]) -> list[Outcome]:
    """The outcome of every item, which is written down. Raises FenceLost, Unfinished, and a passing error, after which
    the group is tried again."""
    try:
        outcomes = _worked(collaborators, claim, work)
        try:
            _write(collaborators, claim, outcomes)
        except MemoryError as error:
            outcomes = [failed(error)] * len(claim.heads)
            _write(collaborators, claim, outcomes)
    except PASSING as error:
        # What a train has stored stays: only its result is missing.
        if claim.version is not None or claim.retries < collaborators.settings.max_retries:
            _try_later(collaborators, claim, error)
            raise
        outcomes = [failure(given_up(error, claim.retries))] * len(claim.heads)
        _write(collaborators, claim, outcomes)
    return outcomes


def _write(collaborators: Runtime, claim: Claim, outcomes: list[Outcome]) -> None:
    with collaborators.traces.step("finish"):
        collaborators.ledger.finish(claim, outcomes, dead=any(map(is_given_up, outcomes)))


def _worked(collaborators: Runtime, claim: Claim, work: Callable[[Runtime, Claim], list[Outcome]]) -> list[Outcome]:
    """The outcome of every item. Raises FenceLost, Unfinished and passing errors."""
    try:
        with collaborators.traces.step("read bodies"):
            whole = collaborators.ledger.with_bodies(claim)
        return _decide(collaborators, whole, lambda part: _interruptibly(collaborators, work, part))
    except HANDED_ON + PASSING:
        raise
    except SoftTimeLimitExceeded:
        return interrupted(collaborators.ledger, claim)
    except Exception as error:
        return [failed(error)] * len(claim.heads)


def _interruptibly(
    collaborators: Runtime, work: Callable[[Runtime, Claim], list[Outcome]], claim: Claim
) -> list[Outcome]:
    with interruptible(collaborators.disconnect):
        return work(collaborators, claim)


def _decide(collaborators: Runtime, claim: Claim, work: Callable[[Claim], list[Outcome]]) -> list[Outcome]:
    """The outcome of every item; only those are worked on that are still wanted."""
    settings = collaborators.settings
    if claim.version is not None:
        # What it was to do is done, however its worker ended: nothing takes that back.
        return work(claim)
    outcomes = unwanted(claim)
    wanted = [index for index in range(len(claim.heads)) if index not in outcomes]
    if wanted and claim.delivery > 1 and len(claim.heads) > 1:
        outcomes |= one_by_one(
            collaborators.ledger,
            claim,
            wanted,
            work=work,
            max_deliveries=settings.max_deliveries,
            limit_seconds=settings.estimate_time_limit_seconds,
        )
    elif wanted:
        _check_deliveries(claim, settings.max_deliveries)
        outcomes |= dict(zip(wanted, _together(claim, wanted, work), strict=True))
    return [outcomes[index] for index in range(len(claim.heads))]


def _together(claim: Claim, wanted: list[int], work: Callable[[Claim], list[Outcome]]) -> list[Outcome]:
    if len(wanted) == len(claim.heads) == 1:
        return work(claim)
    try:
        return work(only(claim, wanted))
    except SoftTimeLimitExceeded:
        # The next delivery finds out whose rows took so long.
        raise Unfinished(excused=False) from None


def _check_deliveries(claim: Claim, limit: int) -> None:
    """Raise TimeLimit, MemoryLimit, Poison for an item that was killed for one of them, or ended its worker too
    often."""
    if claim.timed_out:
        raise time_limit()
    if claim.over_memory:
        raise memory_limit()
    if claim.delivery > limit:
        raise poison(limit)


def _try_later(collaborators: Runtime, claim: Claim, error: BaseException) -> None:
    delay = retry_delay(collaborators.settings, claim.retries)
    text = f"{type(error).__name__}: {error}"
    log.warning("work %s is tried again in %.1f s: %s", claim.group, delay, text)
    # Where the record cannot be written either, the lease ends by itself and the work is delivered again.
    with suppress(redis.exceptions.RedisError):
        collaborators.ledger.retry(claim, delay_seconds=delay, error=text)
