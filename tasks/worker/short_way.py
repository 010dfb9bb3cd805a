"""The short way of a group of estimates through a process that runs its tasks itself.

For every message Celery and kombu make a message, a request and a context, note it in several places, pass it through a
pool and a tracer, and acknowledge it. A group of the ledger needs none of that: its lease, its outcome and its errors
lie in the record, nobody waits for a result of Celery's, and its events are a sample. What somebody asked Celery for
goes its long way: groups that are told of, revoked ones, all of them while anything listens to the signals of tasks or
limits their rate. docs/explanation/architecture.md names the code whose place this takes, and a contract test fails
where that changes.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable
from typing import Any, Final

import redis
from celery import bootsteps, signals
from celery.worker import state
from celery.worker.consumer.events import Events
from celery.worker.consumer.tasks import Tasks

from tasks.contract import LEDGER_HEADER, TASKS, Kind
from tasks.ledger.groups import Claim
from tasks.ledger.store import Ledger
from tasks.storage.connection import connect
from tasks.worker.assigned import Assignee
from tasks.worker.events import ALWAYS, FIRST
from tasks.worker.line import Line
from tasks.worker.own_pool import recycle_if_due
from tasks.worker.qos import is_stopping
from tasks.worker.redaction import told_end
from tasks.worker.renewal import renewal
from tasks.worker.resting import Resting, caller
from tasks.worker.runner import run_claimed
from tasks.worker.runtime import runtime

log = logging.getLogger(__name__)

#: What goes the short way.
NAME: Final = TASKS[Kind.ESTIMATE]
#: Signals of a task, each of which the long way sends.
SIGNALS: Final = (
    *(signals.task_received, signals.task_prerun, signals.task_postrun, signals.task_success, signals.task_failure),
    *(signals.task_retry, signals.task_revoked, signals.task_rejected, signals.task_internal_error),
)


class ShortWay:
    """Takes groups of estimates from the transport of one consumer."""

    def __init__(self, consumer: Any, line: Line, resting: Resting | None) -> None:
        self._consumer, self._line, self._resting = consumer, line, resting
        self._channel = consumer.task_consumer.channel
        self._app = consumer.app
        self._task = consumer.app.tasks[NAME]

    def is_open(self) -> bool:
        """Whether groups go it at all. What comes in the last moment is given back."""
        return not (
            is_stopping()
            or self._consumer.task_buckets[NAME] is not None
            or any(signal.receivers for signal in SIGNALS)
        )

    def takes(self, message: Any) -> bool:
        """Whether this message goes the short way."""
        headers = message["headers"]
        return LEDGER_HEADER in headers and headers["task"] == NAME and self.takes_group(headers["id"])

    def keep(self, claim: Claim) -> None:
        """This group was claimed as it was accepted; whichever way it goes, it is not claimed again."""
        runtime(self._app.settings).ledger.keep(claim)

    def takes_group(self, group: str) -> bool:
        """Whether the message of this group of estimates does."""
        if group in state.revoked or not self.is_open():
            return False
        dispatcher = self._consumer.event_dispatcher
        return not (dispatcher and dispatcher.enabled and self._app.sample.has_room())

    def work(self, group: str, message: Callable[[], Any]) -> None:
        """Do it, here and now; `message` reads it. Raises RedisError where the channel has lost its connection."""
        entry, task = self._app.entry, self._task
        state.total_count[NAME] += 1
        state.all_total_count[0] += 1
        entry.begin(group, tag="", soft_limit=task.soft_time_limit or 0, hard_limit=task.time_limit or 0)
        self._line.take(self._channel)
        try:
            run_claimed(task, group, task.work_on_group)
        except Exception as error:
            self._tell(message()["headers"], error)
        except BaseException:
            self.put_back(group)
            raise
        finally:
            self._line.leave()
            entry.end()
            recycle_if_due()
        if self._line.lost is not None:
            raise self._line.lost

    def _tell(self, headers: Any, error: Exception) -> None:
        group = headers["id"]
        if not isinstance(error, self._task.throws):
            log.error("work %s ended with an error", group, exc_info=error, extra={"task_id": group})
        dispatcher = self._consumer.event_dispatcher
        name, fields = told_end(error)
        if name == ALWAYS and dispatcher and dispatcher.enabled and not self._app.sample.silent:
            first = {key: headers.get(key) for key in ("root_id", "parent_id", "retries", "eta", "expires")}
            first |= {"args": headers["argsrepr"], "kwargs": headers["kwargsrepr"]}
            dispatcher.tell(FIRST, uuid=group, name=NAME, **first)
            dispatcher.tell(name, uuid=group, **fields)

    def steps_aside(self) -> None:
        """A direct call begins. One that Celery has kept for its time does while Redis is asked for the next message,
        which would wait for the end of the call."""
        self._channel.be_answered()
        if self._resting is not None:
            self._resting.begins_later()

    def put_back(self, group: str) -> None:
        """Give back what this process has and does not work on."""
        try:
            runtime(self._app.settings).ledger.put_back(group, holder=self._app.holder, excused=True)
        except redis.exceptions.RedisError as error:
            log.warning("work could not be put back; its lease will run out: %s", error)


class ShortWays(bootsteps.StartStopStep):  # type: ignore[misc]
    """Opens the short way, anew for each connection of the consumer."""

    requires = (Events, Tasks)
    _line: Line | None = None
    _resting: Resting | None = None
    _way: ShortWay | None = None

    def start(self, parent: Any) -> None:
        """From now on groups take it."""
        entry = parent.app.entry
        if self._line is None:
            self._line = Line(lambda: not (entry.stop or renewal.due or is_stopping()))
            ledger = runtime(parent.app.settings).ledger
            ledger.through(self._line.script)
            self._resting = self._makes_resting(parent.app, ledger)
        elif self._resting is not None:
            # What came by the connection that was lost may be lost with it.
            self._resting.is_back()
            entry.has_lost = True
        self._way = parent.app.short_way = ShortWay(parent, self._line, self._resting)
        transport = parent.task_consumer.channel.connection
        transport.short_way, transport.resting = self._way, self._resting

    def _makes_resting(self, app: Any, ledger: Ledger) -> Resting:
        client = connect(app.settings)
        return Resting(
            app.scoreboard.entry(1),
            app.place,
            alone=lambda: ledger.alone,
            call=caller(client),
            assignee=Assignee(client, ledger, holder=app.holder, pid=os.getpid()),
            assignable=lambda: self._way is not None and self._way.is_open(),
        )
