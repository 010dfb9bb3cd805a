"""Direct calls whose process is gone: what Celery's main process does for those of its pool.

The call is read from kombu's note of it, which is there until it is acknowledged; from there on it is Celery's own code
that says what becomes of it, of who waits for its result, and of what it is a part of.
"""

from __future__ import annotations

from typing import Any

from billiard.einfo import ExceptionInfo  # type: ignore[import-untyped]
from billiard.exceptions import WorkerLostError  # type: ignore[import-untyped]
from celery.utils.imports import symbol_by_name
from kombu.utils.encoding import bytes_to_str
from kombu.utils.json import loads

from tasks.worker.endings import Ending
from tasks.worker.isolation import memory_limit
from tasks.worker.scoreboard import Work


def end_direct(app: Any, work: Work, ending: Ending) -> None:
    """End the call, or have it made again; nothing if it was acknowledged. Raises errors of Redis and of kombu."""
    with app.connection_for_write() as connection:
        channel = connection.default_channel
        with channel.conn_or_acquire() as client:
            note = client.hget(channel.unacked_key, work.tag)
        if note is None:
            return
        message = channel.message_to_python(loads(bytes_to_str(note))[0])
        task = app.tasks[message.headers["task"]]
        request = symbol_by_name(task.Request)(
            message,
            app=app,
            task=task,
            on_ack=message.ack_log_error,
            on_reject=message.reject_log_error,
            connection_errors=connection.connection_errors,
        )
        if ending is Ending.TIMED_OUT:
            request.on_timeout(False, work.hard_limit)
        elif ending is Ending.OVER_MEMORY:
            request.on_failure(_raised(memory_limit()))
        elif ending is Ending.LOST:
            request.on_failure(_raised(WorkerLostError("the process that had it has ended")))
        else:
            request.reject(requeue=True)


def _raised(error: Exception) -> ExceptionInfo:
    try:
        raise error
    except type(error):
        return ExceptionInfo()
