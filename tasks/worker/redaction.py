"""What a worker's main process tells of tasks: what they are about.

Celery tells what a direct call was given as it is: in events, in logs, and when a worker is asked what it does.
"""

from __future__ import annotations

import logging
import traceback
from typing import Any, Final

from celery.worker.consumer import consumer
from celery.worker.request import Request
from kombu.utils.encoding import safe_repr

from tasks.errors import Cancelled, Expired
from tasks.ledger.task_repr import of_call, of_error
from tasks.worker.passed import with_passed
from tasks.worker.qos import in_ledger

#: What is logged instead of whole messages that nobody can work on, by what Celery would log; with its first argument,
#: which says what is wrong, where there is a place for it.
DROPPED: Final = {
    consumer.UNKNOWN_TASK_ERROR: "a message is dropped: there is no task %s",
    consumer.INVALID_TASK_ERROR: "a message is dropped: its task is invalid: %s",
    consumer.MESSAGE_DECODE_ERROR: "a message is dropped: it cannot be decoded: %s",
    consumer.UNKNOWN_FORMAT: "a message is dropped: it carries no task",
}

#: Where Celery logs what the processes of a pool are given.
POOL_LOG: Final = "celery.pool"
#: The errors of work that nobody wanted any longer.
UNWANTED: Final = (Cancelled.__name__, Expired.__name__)


class RedactedRequest(Request):  # type: ignore[misc]
    """A task in a worker's main process, of which only is told what it is about."""

    def __init__(self, message: Any, **options: Any) -> None:
        super().__init__(message, **options)
        if not in_ledger(message):
            priority = (message.properties or {}).get("priority")
            given = with_passed(self._args, self._kwargs)
            self._argsrepr, self._kwargsrepr = "()", of_call(self.id, priority=priority, kwargs=given)
            # From here the pool's processes have it, whose log says it too.
            self._request_dict.update(argsrepr=self._argsrepr, kwargsrepr=self._kwargsrepr)

    def info(self, safe: bool = False) -> dict[str, Any]:
        """What a worker says that is asked for its tasks; of what they were given never more than what is told."""
        told: dict[str, Any] = super().info(safe=True)
        return told

    def send_event(self, name: str, **fields: Any) -> None:
        """Tell who listens. When a process dies after its success, Celery tells the result that it finds, whole, and no
        time that it took."""
        if fields.get("runtime", 0) is None:
            fields["result"] = ""
        name, fields = _told(name, fields)
        super().send_event(name, **fields)


def told_end(error: Exception) -> tuple[str, dict[str, Any]]:
    """The event of a task that raised this error: its name, and what it says."""
    where = "".join(traceback.format_exception(error))
    return _told("task-failed", {"exception": safe_repr(error), "traceback": where})


def _told(name: str, fields: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    told = fields.get("exception", "")
    if name == "task-failed" and (unwanted := told.partition("(")[0]) in UNWANTED:
        # The task raises, or its caller would wait for a result; but it is no fault.
        return "task-revoked", {"terminated": False, "signum": None, "expired": unwanted == Expired.__name__}
    if told and of_error(told) != told:
        # The last line of the traceback says it again.
        fields = {**fields, "exception": of_error(told), "traceback": ""}
    return name, fields


def log_no_messages() -> None:
    """Have this process log no message whole: none that nobody can work on, nor at debug what it hands to its pool."""
    logging.getLogger(consumer.__name__).addFilter(_shorten)
    logging.getLogger(POOL_LOG).setLevel(max(logging.INFO, logging.getLogger().level))


def _shorten(record: logging.LogRecord) -> bool:
    text = DROPPED.get(record.msg)
    if text is not None and isinstance(record.args, tuple):
        record.msg, record.args = text, record.args[: text.count("%s")]
    return True
