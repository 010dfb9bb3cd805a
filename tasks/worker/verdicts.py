"""What an error of work means: it passes, and the work is tried again, or it is the outcome."""

from __future__ import annotations

import logging
import random
from typing import Any, Final

import msgspec
import redis
from celery.exceptions import SoftTimeLimitExceeded

from tasks.config.settings import Settings
from tasks.contract import Media, State
from tasks.errors import Cancelled, EstimatorFailed, ServiceError, Unavailable
from tasks.ledger.outcomes import Outcome, failure, read_failure
from tasks.worker.isolation import memory_limit, time_limit
from tasks.worker.renewal import renewal

log = logging.getLogger(__name__)

#: Errors of the place where the work ran: nothing is final, the work will be delivered again.
PASSING: tuple[type[BaseException], ...] = (redis.exceptions.RedisError, OSError, Unavailable)
#: What ends work from outside; whoever finds the item at fault in a group must let it through.
INTERRUPTS: tuple[type[BaseException], ...] = (SoftTimeLimitExceeded,)
#: The longest wait before a retry, on average.
RETRY_LIMIT_SECONDS: Final = 60.0

#: What libraries in C++ say that are refused memory, in errors of their own.
NO_MEMORY: Final = "bad_alloc"

_encode = msgspec.json.Encoder().encode


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
    return read_failure(outcome.body).error()


def domain_error(error: Exception) -> ServiceError:
    """The error of our tree that stands for what was raised."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, SoftTimeLimitExceeded):
        return time_limit()
    if isinstance(error, MemoryError) or NO_MEMORY in str(error):
        renewal.ask()
        return memory_limit()
    # The rest is in the log, with the traceback.
    said = (str(error).strip().splitlines() or [""])[0]
    return EstimatorFailed(f"the estimator raised {type(error).__name__}: {said}"[:2000].removesuffix(": "))


def retry_delay(settings: Settings, retries: int) -> float:
    """The wait before the next retry: twice as long each time, and not the same for all (seconds)."""
    seconds: float = min(settings.retry_seconds * 2**retries, RETRY_LIMIT_SECONDS)
    return seconds * random.uniform(0.5, 1.5)


def given_up(error: BaseException, retries: int) -> Unavailable:
    """The error of work that was tried again too often."""
    return Unavailable(f"the work was tried {retries + 1} times and failed with {type(error).__name__}: {error}"[:2000])
