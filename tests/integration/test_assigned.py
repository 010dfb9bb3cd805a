"""An estimate beside which there is no other is given to a process as it is accepted, and lost by none."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import pytest
from celery import Celery

from tasks.config.settings import Settings
from tasks.contract import Kind, Lane, State
from tasks.ledger.groups import parse_handle
from tasks.redis_keys import ASSIGNEE_KEY, GROUP_KEY, LEASES_KEY, queue_key
from tests.beside import beside
from tests.harmful import NAP, NAP_SECONDS
from tests.servers import eventually
from tests.site import Site
from tests.workers import Worker

MODEL = "m"
#: So soon it must be done what a process was assigned that has ended (seconds): a lease is 8 s.
SOON_SECONDS = 4.0


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running:
        running.learn(MODEL)
        yield running


@pytest.fixture
def worker(site: Site) -> Iterator[Worker]:
    with site.worker("estimate", processes=2) as running:
        running.wait_until_ready()
        eventually(lambda: running.output.count("ready.") == 2, what="both processes")
        eventually(lambda: site.answer(MODEL, 1) == 2 and first(site), what="a process that waits")
        yield running


def first(site: Site) -> int:
    """The number of the process that is assigned estimates; 0: none is."""
    said: Any = site.redis.get(ASSIGNEE_KEY)
    return int(said.rpartition(b"-")[2]) if said else 0


def scripts_run(site: Site) -> int:
    stats: Any = site.redis.info("commandstats")
    return int(stats.get("cmdstat_evalsha", {"calls": 0})["calls"])


def test_it_needs_a_script_less(site: Site, worker: Worker) -> None:
    before, count = scripts_run(site), 40
    assert [site.answer(MODEL, value) for value in range(1, count + 1)] == [2 * value for value in range(1, count + 1)]
    # One to accept it, one by which the client hears of its end, one to finish it; a claim would be the fourth.
    assert 3 * count <= scripts_run(site) - before < 3.5 * count


def test_it_is_taken_before_what_waits(site: Site, worker: Worker) -> None:
    own = f"-{first(site)} "
    with site.redis.monitor() as commands:
        assert site.answer(MODEL, 1) == 2
        told = (one["command"] for one in commands.listen())
        asked = next(command for command in told if command.startswith("BRPOP") and own in command)
    assert asked.index(own) < asked.index(queue_key(Kind.ESTIMATE.value, Lane.HIGH))


@pytest.mark.parametrize("lane", Lane)
def test_of_any_lane(site: Site, worker: Worker, lane: Lane) -> None:
    with worker.paused():
        handle = site.client.estimate(MODEL, rows=[[5.0]], lane=lane)
        assert handle.state is State.RUNNING
        assert not site.redis.exists(queue_key(Kind.ESTIMATE.value, lane))
    assert handle.result(timeout=20)["predictions"] == [10]


def test_what_a_process_was_assigned_that_is_killed_another_does(site: Site, worker: Worker) -> None:
    pid = first(site)
    os.kill(pid, signal.SIGSTOP)
    handle = site.client.estimate(MODEL, rows=[[7.0]])
    assert handle.state is State.RUNNING
    began = time.monotonic()
    os.kill(pid, signal.SIGKILL)
    assert handle.result(timeout=20)["predictions"] == [14]
    assert time.monotonic() - began < SOON_SECONDS
    record: Any = site.redis.hgetall(GROUP_KEY.format(group=parse_handle(handle.id)[0]))
    assert (record[b"fence"], record[b"excused"]) == (b"2", b"1"), "it was not to blame"
    assert first(site) != pid


def test_what_another_process_has_is_let_be(site: Site, worker: Worker) -> None:
    pid = first(site)
    os.kill(pid, signal.SIGSTOP)
    assigned = site.client.estimate(MODEL, rows=[[8.0]])
    nap = site.together(MODEL, NAP)[0]
    eventually(lambda: nap.state is State.RUNNING, what="the nap of the other")
    os.kill(pid, signal.SIGKILL)
    assert assigned.result(timeout=20)["predictions"] == [16]
    assert nap.result(timeout=20)["predictions"] == [2 * NAP]
    record: Any = site.redis.hgetall(GROUP_KEY.format(group=parse_handle(nap.id)[0]))
    assert record[b"fence"] == b"1"


def test_a_worker_that_ends_gives_back_what_it_was_assigned(site: Site, worker: Worker) -> None:
    with site.worker("estimate", env={"MLSERVICE_WORKER_NAME": "other"}) as other:
        other.wait_until_ready()
        slowest = 0.0

        def ask(over: Any) -> None:
            nonlocal slowest
            value = 0
            while not over.is_set():
                value += 1
                began = time.monotonic()
                assert site.answer(MODEL, value) == 2 * value
                slowest = max(slowest, time.monotonic() - began)

        with beside(ask):
            time.sleep(0.5)
            worker.popen.terminate()
            worker.popen.wait(10)
            time.sleep(0.5)
    assert slowest < SOON_SECONDS
    eventually(lambda: not site.redis.exists(LEASES_KEY), what="the end of all work")


def test_nothing_is_assigned_while_the_process_does_other_work(site: Site, worker: Worker) -> None:
    nap = site.together(MODEL, NAP)[0]
    eventually(lambda: nap.state is State.RUNNING, what="the nap")
    began = time.monotonic()
    assert [site.answer(MODEL, value) for value in (1, 2, 3)] == [2, 4, 6]
    assert time.monotonic() - began < NAP_SECONDS / 2
    assert nap.result(timeout=20)["predictions"] == [2 * NAP]


def test_nothing_is_assigned_to_a_process_that_no_queue_is_open_for(site: Site, worker: Worker) -> None:
    control = Celery("elsewhere", broker=Settings(redis_url=site.url).broker.shown_url).control
    control.cancel_consumer("estimate", reply=True, timeout=2)
    eventually(lambda: not first(site), what="a process that waits no more")
    handle = site.client.estimate(MODEL, rows=[[9.0]])
    time.sleep(0.5)
    assert handle.state is State.QUEUED
    control.add_consumer("estimate", reply=True, timeout=2)
    assert handle.result(timeout=20)["predictions"] == [18]
