"""Work that comes as a plain Celery call, of which the ledger knows nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
from celery import Task

from tasks.ledger.task_repr import Result
from tasks.redis_keys import REDELIVERED_KEY
from tasks.worker.isolation import poison
from tasks.worker.runtime import Runtime, runtime
from tasks.worker.time_limits import interruptible
from tasks.worker.verdicts import PASSING, domain_error, given_up, retry_delay


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
            raise given_up(error, retries) from error
        raise task.retry(exc=error, countdown=retry_delay(collaborators.settings, retries), max_retries=most) from error
    except Exception as error:
        raise domain_error(error) from error


def _count_redelivery(task: Task) -> int:
    client = task.backend.client
    key = REDELIVERED_KEY.format(task=task.request.id)
    deliveries = int(client.incr(key)) + 1
    client.expire(key, 24 * 3600)
    return deliveries
