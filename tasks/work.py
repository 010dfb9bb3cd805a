"""How every task runs: claim the record, work, write the outcome; or, called directly, return the result."""

from __future__ import annotations

import logging
import random
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final, TypeVar

import msgspec
import redis
from celery import Task
from celery.exceptions import Ignore, SoftTimeLimitExceeded

from tasks import logs
from tasks.careful import Unfinished, one_by_one, only, poison, time_limit
from tasks.contract import DEFAULT_QUEUE, PRIORITY, REDELIVERED_KEY, TASKS, Kind, Lane, Media, State
from tasks.errors import Cancelled, EstimatorFailed, FenceLost, MalformedBody, ServiceError, Unavailable, by_name
from tasks.failures import log_failures, subject
from tasks.groups import Claim, Outcome, failure, is_given_up, read_failure
from tasks.history import unwanted
from tasks.limits import interruptible
from tasks.malformed import misfit, not_json
from tasks.runtime import Runtime, runtime
from tasks.shown import Result

log = logging.getLogger(__name__)

Parsed = TypeVar("Parsed", bound=msgspec.Struct)

#: Errors of the place where the work ran: nothing is final, the work will be delivered again.
PASSING: tuple[type[BaseException], ...] = (redis.exceptions.RedisError, OSError, Unavailable)
#: What no outcome is made of: another worker has the work, or goes on with it.
HANDED_ON: tuple[type[BaseException], ...] = (FenceLost, Unfinished)
#: The longest wait before a retry, on average.
RETRY_LIMIT_SECONDS: Final = 60.0
#: What ends work from outside; whoever finds the item at fault in a group must let it through.
INTERRUPTS: tuple[type[BaseException], ...] = (SoftTimeLimitExceeded,)

_encode = msgspec.json.Encoder().encode


class WorkTask(Task):  # type: ignore[misc]
    """The base of the tasks that a caller may ask for."""

    Request = "tasks.leases:WorkRequest"


def run_claimed(task: Task, group: str, work: Callable[[Runtime, Claim], list[Outcome]]) -> str | None:
    """Claim a group, have it worked on, write the outcomes. Returns how many items ended how, for Flower to show.

    Raises the error of a group in which nothing succeeded, after it is written down, so that Celery and Flower see
    a failed task. After a passing error the group is tried again later, or given up when that was so too often.
    """
    collaborators = runtime(task.app.settings)
    began = time.time_ns()
    claim = collaborators.ledger.claim(group, holder=task.app.holder)
    if claim is None:
        about = {"task_id": group}
        log.info("work %s is finished, held elsewhere or no longer known; its message is dropped", group, extra=about)
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
        _write(collaborators, claim, outcomes)
    except PASSING as error:
        # What a train has stored stays: only its result is missing.
        if claim.version is not None or claim.retries < collaborators.settings.max_retries:
            _try_later(collaborators, claim, error)
            raise
        outcomes = [failure(_given_up(error, claim.retries))] * len(claim.heads)
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
    """Raise TimeLimit, Poison for an item that ran until it was killed, or ended its worker too often."""
    if claim.timed_out:
        raise time_limit()
    if claim.delivery > limit:
        raise poison(limit)


def _try_later(collaborators: Runtime, claim: Claim, error: BaseException) -> None:
    delay = _delay(collaborators, claim.retries)
    text = f"{type(error).__name__}: {error}"
    log.warning("work %s is tried again in %.1f s: %s", claim.group, delay, text)
    # Where the record cannot be written either, the lease ends by itself and the work is delivered again.
    with suppress(redis.exceptions.RedisError):
        collaborators.ledger.retry(claim, delay_seconds=delay, error=text)


def _delay(collaborators: Runtime, retries: int) -> float:
    """The wait before the next retry: twice as long each time, and not the same for all (seconds)."""
    seconds: float = min(collaborators.settings.retry_seconds * 2**retries, RETRY_LIMIT_SECONDS)
    return seconds * random.uniform(0.5, 1.5)


def _given_up(error: BaseException, retries: int) -> Unavailable:
    return Unavailable(f"the work was tried {retries + 1} times and failed with {type(error).__name__}: {error}"[:2000])


def run_direct(task: Task, work: Callable[[Runtime], Any]) -> Result:
    """Run work that came as a plain Celery call: its result is the task's result, its error the task's error."""
    collaborators = runtime(task.app.settings)
    if task.request.delivery_info.get("redelivered"):
        limit = collaborators.settings.max_deliveries
        if _count_redelivery(task) > limit:
            raise poison(limit)
    try:
        with interruptible(collaborators.disconnect):
            result = work(collaborators)
        # Celery's JSON knows no structs.
        return Result(msgspec.to_builtins(result))
    except PASSING as error:
        retries, most = task.request.retries, collaborators.settings.max_retries
        if retries >= most:
            raise _given_up(error, retries) from error
        raise task.retry(exc=error, countdown=_delay(collaborators, retries), max_retries=most) from error
    except Exception as error:
        raise domain_error(error) from error


def pass_on(task: Task, kind: Kind, arguments: dict[str, Any]) -> None:
    """Send a task that came to Celery's default queue, from a client that names none, to its own queue.

    Raises Ignore when it has been sent: this delivery has no result.
    """
    if task.request.delivery_info.get("routing_key") != DEFAULT_QUEUE:
        return
    task.app.send_task(
        TASKS[kind],
        kwargs=arguments,
        task_id=task.request.id,
        queue=kind.value,
        priority=PRIORITY[Lane.NORMAL],
        expires=task.request.expires,
        argsrepr=task.request.argsrepr,
        kwargsrepr=task.request.kwargsrepr,
    )
    raise Ignore


def succeeded(result: Any) -> Outcome:
    """The outcome of work whose result is a JSON object."""
    return Outcome(State.SUCCEEDED, Media.JSON, _encode(result))


def failed(error: Exception) -> Outcome:
    """The outcome of work that raised."""
    known = domain_error(error)
    if isinstance(known, Cancelled):
        return failure(known, State.CANCELLED)
    if isinstance(known, EstimatorFailed):
        log.error("an estimator raised", exc_info=error)
    return failure(known)


def raised(outcome: Outcome) -> ServiceError:
    """The error that a failed outcome holds."""
    held = read_failure(outcome.body)
    return by_name(held.type)(held.detail)


def domain_error(error: Exception) -> ServiceError:
    """The error of our tree that stands for what was raised."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, SoftTimeLimitExceeded):
        return time_limit()
    if isinstance(error, MemoryError):
        return EstimatorFailed(
            "the work needs more memory than a worker process may have (MLSERVICE_WORKER_MEMORY_BYTES); send less"
        )
    return EstimatorFailed(f"the estimator raised {type(error).__name__}: {error}"[:2000])


def parse(body: bytes, kind: type[Parsed]) -> Parsed:
    """A JSON body as the given struct; an empty one is `{}`. Raises MalformedBody, InvalidField."""
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise misfit(error, kind.__struct_encode_fields__) from error
    except RecursionError:
        raise MalformedBody("the body is nested too deeply; send a flat object") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(body, error) from error


def _count_redelivery(task: Task) -> int:
    client = task.backend.client
    key = REDELIVERED_KEY.format(task=task.request.id)
    deliveries = int(client.incr(key)) + 1
    client.expire(key, 24 * 3600)
    return deliveries
