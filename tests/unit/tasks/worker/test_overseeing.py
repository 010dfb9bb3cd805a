"""A parent ends a process that stands still, and none that stood still with it."""

from __future__ import annotations

import faulthandler
import os
import signal
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest

from tasks.config.settings import Settings
from tasks.contract import Lane
from tasks.ledger.store import Ledger
from tasks.redis_keys import LEASES_KEY, queue_key
from tasks.worker.assigned import Assignee, own_list
from tasks.worker.forked import Process
from tasks.worker.overseeing import LATE_SECONDS, TRACE_SECONDS, Overseer
from tasks.worker.scoreboard import Scoreboard
from tasks.worker.watchdog import WATCH_SECONDS
from tests.servers import Valkey
from tests.unit.tasks.worker.submitted import submit


class Clock:
    """Goes on when it is told to."""

    def __init__(self) -> None:
        self.at = time.monotonic()

    def __call__(self) -> float:
        return self.at


@pytest.fixture
def still() -> Iterator[Process]:
    """A process that takes work and does not turn."""
    entry = Scoreboard(1).entry(1)
    entry.clear()
    entry.ready = True
    pid = os.fork()
    if not pid:
        # Its traceback is not for this test's output.
        faulthandler.disable()
        while True:
            time.sleep(60)
    yield Process(pid=pid, place=1, entry=entry, forked_at=time.monotonic())
    os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def overseer(server: Valkey, clock: Clock) -> Overseer:
    app = SimpleNamespace(
        settings=Settings(redis_url=server.redis_url), fleet="estimate", holder="here", holders=None, fleet_bytes=0
    )
    return Overseer(app, name="estimate@here", clock=clock)


def look_for(seconds: float, parent: Overseer, process: Process, clock: Clock) -> None:
    until = clock.at + seconds
    while clock.at < until:
        clock.at += LATE_SECONDS / 2
        parent.look([process])


def test_a_process_that_stands_still_is_asked_where_and_ended(still: Process, valkey_server: Valkey) -> None:
    clock = Clock()
    parent = overseer(valkey_server, clock)
    look_for(WATCH_SECONDS - 5, parent, still, clock)
    assert not still.asked_at
    look_for(10, parent, still, clock)
    assert still.asked_at
    look_for(TRACE_SECONDS + LATE_SECONDS, parent, still, clock)
    assert still.ending is not None


def test_a_process_that_stood_still_with_its_parent_is_let_be(still: Process, valkey_server: Valkey) -> None:
    clock = Clock()
    parent = overseer(valkey_server, clock)
    clock.at += 10 * WATCH_SECONDS
    parent.look([still])
    look_for(WATCH_SECONDS - 5, parent, still, clock)
    assert not still.asked_at
    assert still.ending is None


@pytest.mark.parametrize("why", ["it has ended", "it has lost a connection"])
def test_what_the_first_process_was_assigned_and_has_not_begun_is_given_back(
    still: Process, valkey_server: Valkey, why: str
) -> None:
    clock = Clock()
    parent = overseer(valkey_server, clock)
    with valkey_server.client() as client:
        client.flushall()
        ledger = Ledger(client)
        Assignee(client, ledger, holder="here", pid=still.pid).waits()
        # As long as it hears its channel.
        listening = client.pubsub()
        listening.subscribe(own_list("here", still.pid))
        submit(ledger, b"{}")
        queue = queue_key("estimate", Lane.NORMAL)
        assert (client.zcard(LEASES_KEY), client.llen(queue)) == (1, 0)
        client.delete(own_list("here", still.pid))
        parent.look([still])
        assert client.llen(queue) == 0
        if why == "it has ended":
            parent.ended(still, lost=True)
            parent.look([])
        else:
            still.entry.has_lost = True
            parent.look([still])
            assert not still.entry.has_lost
        assert (client.zcard(LEASES_KEY), client.llen(queue)) == (0, 1)
        listening.close()
