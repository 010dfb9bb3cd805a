"""Of a flood of tasks a part is told of, each task of it whole, and every failure."""

from __future__ import annotations

import pytest

from tasks.app import create_app
from tasks.config.settings import Settings
from tasks.contract import FLEETS
from tasks.worker import events
from tasks.worker.events import FIRST, TASKS_A_SECOND, Sample
from tests.clocks import Clock
from tests.servers import Valkey

LIFE = (FIRST, "task-started", "task-succeeded")


def told(sample: Sample, tasks: range) -> list[list[str]]:
    """What is told of each task, which begin together and then go on together."""
    rows = [[[e for e, _ in sample.told(event, {"uuid": str(task)})] for task in tasks] for event in LIFE]
    return [[event for row in rows for event in row[at]] for at in range(len(tasks))]


def test_a_few_are_all_told() -> None:
    clock = Clock()
    sample = Sample(clock=clock)
    few = TASKS_A_SECOND - 1
    for second in range(100):
        assert told(sample, range(second * few, second * few + few)) == [[*LIFE]] * few
        clock.now += 1


def test_of_many_so_many_a_second_and_those_whole() -> None:
    clock = Clock()
    sample = Sample(clock=clock)
    found = []
    for tick in range(1000):
        found += told(sample, range(tick, tick + 1)) if tick % 2 else []
        clock.now += 0.01
    assert {tuple(each) for each in found} == {LIFE, ()}
    assert sum(map(bool, found)) in (11 * TASKS_A_SECOND - 1, 11 * TASKS_A_SECOND)


@pytest.mark.parametrize("at_once", [1, 3, 20])
def test_of_very_many_fewer_and_of_few_that_come_afterwards_all(at_once: int) -> None:
    clock = Clock()
    sample = Sample(clock=clock)
    found = []
    for tick in range(1000):
        found += told(sample, range(tick * at_once, (tick + 1) * at_once))
        clock.now += 0.01
    assert {tuple(each) for each in found} == {LIFE, ()}
    at_first, slowly = TASKS_A_SECOND, 10 * events.OF_MANY_A_SECOND
    assert at_first + slowly - 1 <= sum(map(bool, found)) <= at_first + 2 * slowly
    clock.now += 1
    assert sample.told(FIRST, {"uuid": "the first of few"})
    for second in range(5):
        clock.now += 1
        assert told(sample, range(second * 9, second * 9 + 9)) == [[*LIFE]] * 9


def test_what_goes_on_without_being_asked_about_is_counted() -> None:
    clock = Clock()
    sample = Sample(clock=clock)
    told(sample, range(TASKS_A_SECOND))
    asked = 0
    while not sample.has_room():
        asked += 1
        clock.now += 0.001
    assert asked > 1000 / TASKS_A_SECOND, "it tells of fewer"
    assert asked < 1.1 * 1000 / events.OF_MANY_A_SECOND


def test_what_fails_is_told_from_its_beginning() -> None:
    sample = Sample(clock=Clock())
    told(sample, range(TASKS_A_SECOND))
    begun = {"uuid": "late", "name": "tasks.train"}
    assert sample.told(FIRST, begun) == sample.told("task-started", {"uuid": "late"}) == []
    failed = {"uuid": "late", "exception": "it failed"}
    assert sample.told("task-failed", failed) == [(FIRST, begun), ("task-failed", failed)]
    unknown = {"uuid": "unknown"}
    assert sample.told("task-failed", unknown) == [("task-failed", unknown)]
    assert not sample._begun


def test_one_that_comes_again_is_judged_again() -> None:
    clock = Clock()
    sample = Sample(clock=clock)
    told(sample, range(TASKS_A_SECOND))
    late = {"uuid": "late"}
    assert not sample.told(FIRST, late)
    clock.now += 1
    assert sample.told(FIRST, late)
    assert sample.told("task-retried", late)
    assert not sample.told("task-started", late)


def test_the_system_worker_tells_of_no_task() -> None:
    assert told(Sample(silent=True), range(3)) == [[]] * 3
    for fleet, silent in (("system", True), ("estimate", False)):
        app = create_app(Settings())
        app.amqp.queues.select(FLEETS[fleet])
        assert bool(app.sample.told(FIRST, {"uuid": "one"})) is not silent


def test_what_never_ends_is_forgotten() -> None:
    clock = Clock()
    sample = Sample(clock=clock)
    for task in range(events.REMEMBERED + 10):
        clock.now += 1
        assert sample.told(FIRST, {"uuid": str(task)})
    assert len(sample._begun) == events.REMEMBERED
    assert not sample.told("task-started", {"uuid": "0"})


def test_the_apps_dispatcher_sends_the_sample_and_all_of_workers(valkey_server: Valkey) -> None:
    app = create_app(Settings(redis_url=valkey_server.redis_url))
    with app.connection_for_write() as connection:
        dispatcher = app.events.Dispatcher(connection, buffer_group=["task", "worker"], buffer_limit=10_000)
        for task in range(10 * TASKS_A_SECOND):
            dispatcher.send(FIRST, uuid=str(task), name="tasks.estimate")
            dispatcher.send("worker-heartbeat", freq=2)
        sent = {group: len(buffer) for group, buffer in dispatcher._group_buffer.items()}
    # A busy machine may take a moment for this, in which there is more to take.
    assert TASKS_A_SECOND <= sent["task"] < 10 * TASKS_A_SECOND
    assert sent["worker"] == 10 * TASKS_A_SECOND
