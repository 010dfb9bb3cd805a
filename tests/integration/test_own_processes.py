"""The processes of an estimate worker, each a worker of its own: one that ends takes nothing with it."""

from __future__ import annotations

import base64
import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from celery import Celery
from redis.client import PubSub

from infra.host.process_tree import processes
from tasks.config.settings import Settings
from tasks.contract import State
from tasks.errors import InvalidRows
from tasks.ledger.counts import LOST_PROCESSES
from tasks.ledger.fleet import members
from tasks.redis_keys import COUNTS_KEY
from tasks.worker.bootsteps import EVENT_SECONDS
from tasks.worker.events import FIRST
from tests.harmful import NAP
from tests.servers import children_of, eventually
from tests.site import Site
from tests.workers import Worker

MODEL = "m"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running:
        running.learn(MODEL)
        yield running


@pytest.fixture(scope="module")
def worker(site: Site) -> Iterator[Worker]:
    with site.worker("estimate", processes=2) as running:
        running.wait_until_ready()
        yield running


def below(worker: Worker) -> set[int]:
    """The processes that it has forked."""
    return children_of(worker.popen.pid)


def lost(site: Site) -> int:
    return int(site.redis.hget(COUNTS_KEY, f"{LOST_PROCESSES}:estimate") or 0)


def test_together_they_are_one_worker(site: Site, worker: Worker) -> None:
    eventually(lambda: list(members(site.redis, "estimate").values()) == [2], what="a worker of two processes")
    eventually(lambda: worker.output.count("ready.") == 2, what="the second process")
    ((name, _),) = members(site.redis, "estimate").items()
    host = name.partition("@")[2].partition("#")[0]
    url = Settings(redis_url=site.url).broker.shown_url
    pings = Celery("elsewhere", broker=url, backend=url).control.ping(timeout=2)
    assert {f"estimate-{place}@{host}" for place in (1, 2)} <= {name for ping in pings for name in ping}


def test_the_door_comes_before_the_work_and_estimates_before_trains(site: Site, worker: Worker) -> None:
    def niceness(pid: int) -> int:
        return os.getpriority(os.PRIO_PROCESS, pid)

    usual, settings = os.getpriority(os.PRIO_PROCESS, 0), Settings()
    assert niceness(worker.popen.pid) == usual, "who keeps limits and leases is in time"
    threads = [int(thread.name) for pid in below(worker) for thread in Path(f"/proc/{pid}/task").iterdir()]
    assert {niceness(thread) for thread in threads} == {min(usual + settings.estimate_niceness, 19)}
    with site.worker("train") as train:
        train.wait_until_ready()
        assert niceness(train.popen.pid) == min(usual + settings.train_niceness, 19)
    assert settings.estimate_niceness < settings.train_niceness


def asked(site: Site) -> int:
    """How many commands came on the connections on which messages are waited for."""
    clients: Any = site.redis.client_list()
    return sum(int(client["tot-cmds"]) for client in clients if client["cmd"] == "brpop")


def events(site: Site, channel: PubSub) -> list[dict[str, Any]]:
    """The events that have come, after all that were sent until now."""
    found: list[dict[str, Any]] = []
    until = time.monotonic() + 2 * EVENT_SECONDS
    while time.monotonic() < until:
        message = channel.get_message(ignore_subscribe_messages=True, timeout=0.1)
        if message is not None:
            body = msgspec.json.decode(base64.b64decode(msgspec.json.decode(message["data"])["body"]))
            found += body if isinstance(body, list) else [body]
    return found


@pytest.fixture
def told(site: Site) -> Iterator[PubSub]:
    with site.redis.pubsub() as channel:
        channel.psubscribe("/0.celeryev/*")
        yield channel


def test_groups_go_the_short_way_but_those_that_are_told_of(site: Site, worker: Worker, told: PubSub) -> None:
    assert site.answer(MODEL, 1) == 2
    before, count = asked(site), 60
    handles = [site.together(MODEL, value)[0] for value in range(1, count + 1)]
    assert [handle.result(timeout=20)["predictions"] for handle in handles] == [[2 * n] for n in range(1, count + 1)]
    commands = asked(site) - before
    ours = {handle.id.partition("-")[0] for handle in handles}
    long = sum(event["type"] == FIRST and event["uuid"] in ours for event in events(site, told))
    assert 0 < long < count
    # On the connection of a message that goes the short way its group is claimed and finished as well.
    assert commands >= long + 3 * (count - long)


def test_of_what_fails_all_is_told(site: Site, worker: Worker, told: PubSub) -> None:
    count = 30
    handles = [site.client.estimate(MODEL, rows=[["no number"]]) for _ in range(count)]
    for handle in handles:
        with pytest.raises(InvalidRows):
            handle.result(timeout=20)
    groups = [handle.id.partition("-")[0] for handle in handles]
    found = [event for event in events(site, told) if event.get("uuid") in groups]
    ends = [event for event in found if event["type"] == "task-failed"]
    assert sorted(event["uuid"] for event in ends) == sorted(groups)
    assert sorted(event["uuid"] for event in found if event["type"] == FIRST) == sorted(groups)
    assert {event["exception"].partition("(")[0] for event in ends} == {"InvalidRows"}


def test_work_ends_though_its_connection_was_closed(site: Site, worker: Worker) -> None:
    nap = site.together(MODEL, NAP)[0]
    eventually(lambda: nap.state is State.RUNNING, what="the nap")
    site.redis.client_kill_filter(_type="normal", skipme=True)
    assert nap.result(timeout=20)["predictions"] == [2 * NAP]
    assert [site.answer(MODEL, value) for value in (1, 2, 3, 4)] == [2, 4, 6, 8]
    assert not lost(site)


def test_what_a_killed_process_had_is_done_at_once_and_others_go_on(site: Site, worker: Worker) -> None:
    before, count = below(worker), lost(site)
    nap, neighbour = site.together(MODEL, NAP, 3)
    eventually(lambda: nap.state is State.RUNNING, what="the nap")
    for pid in before:
        os.kill(pid, signal.SIGKILL)
    began = time.monotonic()
    assert site.answer(MODEL, 5) == 10
    assert nap.result(timeout=20)["predictions"] == [2 * NAP]
    assert neighbour.result(timeout=20)["predictions"] == [6]
    # A lease would have been waited for, and twice the time until somebody looks.
    assert time.monotonic() - began < 9
    assert lost(site) == count + 2
    assert len(below(worker) - before) == 2


def test_all_are_replaced_one_after_the_other(site: Site, worker: Worker) -> None:
    before, count = below(worker), lost(site)
    nap = site.together(MODEL, NAP)[0]
    eventually(lambda: nap.state is State.RUNNING, what="the nap")
    worker.popen.send_signal(signal.SIGHUP)
    value = 0.0
    until = time.monotonic() + 30
    while below(worker) & before and time.monotonic() < until:
        value += 1
        assert site.answer(MODEL, value) == 2 * value
    assert not below(worker) & before
    # It was finished where it was begun.
    assert nap.result(timeout=20)["predictions"] == [2 * NAP]
    assert lost(site) == count


def test_none_outlives_the_parent(site: Site, worker: Worker) -> None:
    """The last test here. What one of them had another worker does."""
    pids = eventually(lambda: there if len(there := below(worker)) == 2 else None, what="both of them")
    os.kill(worker.popen.pid, signal.SIGKILL)

    eventually(lambda: not pids & {process.pid for process in processes()}, seconds=5, what="their end")
