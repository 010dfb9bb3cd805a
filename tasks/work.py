"""How every task runs: claim the record, work, write the outcome; or, called directly, return the result."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from typing import Any, TypeVar

import msgspec
import redis
from celery import Task
from celery.exceptions import Ignore, SoftTimeLimitExceeded

from tasks.contract import DEFAULT_QUEUE, PRIORITY, PROBLEM, REDELIVERED_KEY, TASKS, Kind, Lane, Media, State
from tasks.errors import EstimatorFailed, Expired, MalformedBody, Poison, ServiceError, TimeLimit, Unavailable
from tasks.ledger import Claim, Failure, Outcome
from tasks.malformed import misfit, not_json
from tasks.runtime import Runtime, runtime

log = logging.getLogger(__name__)

Parsed = TypeVar("Parsed", bound=msgspec.Struct)

#: Errors of the place where the work ran: nothing is final, the work will be delivered again.
PASSING: tuple[type[BaseException], ...] = (redis.exceptions.RedisError, OSError, Unavailable)

_encode = msgspec.json.Encoder().encode


def run_claimed(task: Task, group: str, work: Callable[[Runtime, Claim], list[Outcome]]) -> dict[str, int] | None:
    """Claim a group, have it worked on, write the outcomes. Returns how many items ended how.

    Raises the error of a group in which nothing succeeded, after it is written down, so that Celery and Flower see
    a failed task. A passing error is raised with nothing written.
    """
    collaborators = runtime(task.app.settings)
    claim = collaborators.ledger.claim(group)
    if claim is None:
        log.info("work %s is finished or no longer known; its message is dropped", group)
        return None
    try:
        _check_deliveries(claim.fence, collaborators.settings.max_deliveries)
        outcomes = _unless_expired(claim, lambda live: work(collaborators, live))
    except PASSING:
        raise
    except Exception as error:
        outcomes = [failed(error)] * len(claim.heads)
    collaborators.ledger.finish(claim, outcomes, life_seconds=collaborators.settings.result_life_seconds)
    counts = {state.value: sum(o.state is state for o in outcomes) for state in State}
    if not counts[State.SUCCEEDED]:
        raise raised(outcomes[0])
    return {state: count for state, count in counts.items() if count}


def _unless_expired(claim: Claim, work: Callable[[Claim], list[Outcome]]) -> list[Outcome]:
    """The outcomes of all items, of which only those are worked on whose deadline has not passed."""
    now = time.time()
    live = [index for index, head in enumerate(claim.heads) if head.deadline is None or head.deadline > now]
    if len(live) == len(claim.heads):
        return work(claim)
    late = Expired("the deadline passed before the work started; submit it again with a later one")
    outcomes = [Outcome(State.EXPIRED, PROBLEM, _failure(late))] * len(claim.heads)
    if live:
        heads, bodies = [claim.heads[i] for i in live], [claim.bodies[i] for i in live]
        for index, outcome in zip(live, work(msgspec.structs.replace(claim, heads=heads, bodies=bodies)), strict=True):
            outcomes[index] = outcome
    return outcomes


def run_direct(task: Task, work: Callable[[Runtime], Any]) -> Any:
    """Run work that came as a plain Celery call: its result is the task's result, its error the task's error."""
    collaborators = runtime(task.app.settings)
    if task.request.delivery_info.get("redelivered"):
        _check_deliveries(_count_redelivery(task), collaborators.settings.max_deliveries)
    try:
        # Celery's JSON knows no structs.
        return msgspec.to_builtins(work(collaborators))
    except PASSING:
        raise
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
    )
    raise Ignore


def succeeded(result: Any) -> Outcome:
    """The outcome of work whose result is a JSON object."""
    return Outcome(State.SUCCEEDED, Media.JSON, _encode(result))


def failed(error: Exception) -> Outcome:
    """The outcome of work that raised."""
    known = domain_error(error)
    if isinstance(known, EstimatorFailed):
        log.error("an estimator raised", exc_info=error)
    return Outcome(State.FAILED, PROBLEM, _failure(known))


def _failure(error: ServiceError) -> bytes:
    return _encode(Failure(type(error).__name__, str(error), error.pointer))


def raised(outcome: Outcome) -> ServiceError:
    """The error that a failed outcome holds."""
    from tasks.errors import by_name

    failure = msgspec.json.decode(outcome.body or b"", type=Failure)
    return by_name(failure.type)(failure.detail)


def domain_error(error: Exception) -> ServiceError:
    """The error of our tree that stands for what was raised."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, SoftTimeLimitExceeded):
        return TimeLimit("the work ran longer than its kind may; see the time limits in `mlservice settings`")
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


def _check_deliveries(deliveries: int, limit: int) -> None:
    if deliveries > limit:
        raise Poison(f"the work was delivered {limit} times and ended its worker each time; it is not tried again")


def _count_redelivery(task: Task) -> int:
    client = task.backend.client
    key = REDELIVERED_KEY.format(task=task.request.id)
    deliveries = int(client.incr(key)) + 1
    client.expire(key, 24 * 3600)
    return deliveries
