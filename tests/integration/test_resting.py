"""While there is little work the first process of an estimate worker has it; the others are there when needed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from celery import Celery

from tasks.config.settings import Settings
from tasks.contract import TASKS, Kind, State
from tasks.worker.resting import ASK_SECONDS
from tests.harmful import NAP, NAP_SECONDS
from tests.servers import eventually
from tests.site import Site
from tests.workers import Worker

MODEL = "m"
#: So soon an estimate must be done that a process has been called for (seconds): one that waited for a look of its own
#: would take up to a second longer.
SOON_SECONDS = 0.7


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running:
        running.learn(MODEL)
        yield running


@pytest.fixture
def worker(site: Site) -> Iterator[Worker]:
    with site.worker("estimate", processes=2) as running:
        running.wait_until_ready()
        eventually(lambda: len(stats(site)) == 2, what="both processes")
        settle(site)
        yield running


@pytest.fixture(scope="module")
def elsewhere(site: Site) -> Celery:
    """A program that calls tasks by Celery alone."""
    url = Settings(redis_url=site.url).broker.shown_url
    return Celery("elsewhere", broker=url, backend=url)


def stats(site: Site) -> dict[int, dict[str, int]]:
    """By its place, the process's number and how many tasks it has had."""
    url = Settings(redis_url=site.url).broker.shown_url
    found = Celery("elsewhere", broker=url, backend=url).control.inspect(timeout=1).stats() or {}
    ours = {name.partition("@")[0].partition("estimate-")[2]: said for name, said in found.items()}
    return {int(place): {"pid": said["pid"], **said["total"]} for place, said in ours.items() if place}


def had(site: Site) -> dict[int, int]:
    """How many groups each has had, by its place."""
    return {place: said.get(TASKS[Kind.ESTIMATE], 0) for place, said in stats(site).items()}


def settle(site: Site) -> None:
    """Return when all but the first rest."""
    site.answer(MODEL, 1)
    time.sleep(1.5 * ASK_SECONDS)


def test_one_after_the_other_goes_to_the_first(site: Site, worker: Worker) -> None:
    before = had(site)
    assert [site.answer(MODEL, value) for value in range(1, 41)] == [2.0 * value for value in range(1, 41)]
    after = had(site)
    assert after[1] - before[1] >= 36
    assert sum(after.values()) - sum(before.values()) == 40


def test_while_the_first_works_another_is_called(site: Site, worker: Worker) -> None:
    before = had(site)
    nap = site.client.estimate(MODEL, rows=[[NAP]])
    eventually(lambda: nap.state is State.RUNNING, what="the nap")
    for value in (1, 2, 3):
        began = time.monotonic()
        assert site.answer(MODEL, value) == 2 * value
        assert time.monotonic() - began < SOON_SECONDS
    assert had(site)[2] - before[2] >= 3
    assert nap.result(timeout=20)["predictions"] == [2 * NAP]


def test_what_was_sent_before_the_first_had_begun_is_not_left(site: Site, worker: Worker) -> None:
    for _ in range(3):
        settle(site)
        began = time.monotonic()
        nap = site.client.estimate(MODEL, rows=[[NAP]])
        assert site.answer(MODEL, 1) == 2
        assert time.monotonic() - began < NAP_SECONDS / 2
        assert nap.result(timeout=20)["predictions"] == [2 * NAP]


def test_direct_calls_are_made_side_by_side(site: Site, worker: Worker, elsewhere: Celery) -> None:
    def call(value: float) -> float:
        task = elsewhere.send_task(
            TASKS[Kind.ESTIMATE], kwargs={"model": MODEL, "rows": [[value]]}, queue=Kind.ESTIMATE.value
        )
        return float(task.get(timeout=20)["predictions"][0]) if value > 0 else 0.0

    call(NAP)
    for value in (1, 2, 3):
        began = time.monotonic()
        assert call(value) == 2 * value
        assert time.monotonic() - began < ASK_SECONDS + SOON_SECONDS
    # A group as well.
    assert site.answer(MODEL, 5) == 10


def test_a_call_that_waits_for_its_time_keeps_nobody_waiting(site: Site, worker: Worker, elsewhere: Celery) -> None:
    nap = elsewhere.send_task(
        TASKS[Kind.ESTIMATE], kwargs={"model": MODEL, "rows": [[NAP]]}, queue=Kind.ESTIMATE.value, countdown=1.5
    )
    time.sleep(0.5)
    assert site.answer(MODEL, 4) == 8
    # What is on its way to the process at this very moment has to wait; nothing is.
    time.sleep(1.5)
    for value in (5, 6):
        began = time.monotonic()
        assert site.answer(MODEL, value) == 2 * value
        assert time.monotonic() - began < ASK_SECONDS + SOON_SECONDS
    assert not nap.ready()
    assert nap.get(timeout=20)["predictions"] == [2 * NAP]


def test_when_the_first_is_gone_the_other_goes_on(site: Site, worker: Worker) -> None:
    first = stats(site)[1]["pid"]
    os.kill(first, signal.SIGKILL)
    # Its threads end one by one, and the last one closes what it had open. Redis gives messages to one of whose end it
    # has not heard, which are found later.
    eventually(lambda: not Path(f"/proc/{first}").exists(), what="the end of the first")
    assert site.redis.ping()
    assert site.redis.ping()
    began = time.monotonic()
    assert site.answer(MODEL, 7) == 14
    assert time.monotonic() - began < ASK_SECONDS + SOON_SECONDS
    eventually(lambda: len(stats(site)) == 2, what="another first one")
    assert site.answer(MODEL, 8) == 16
