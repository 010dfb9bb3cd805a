"""What is told of tasks."""

from __future__ import annotations

from ast import literal_eval
from collections.abc import Iterator
from typing import Any

import pytest
from kombu import Connection, Exchange, Queue
from kombu.utils.json import dumps, loads

from tasks.app import create_app
from tasks.config.settings import Settings
from tasks.contract import TASKS, Kind, Lane
from tasks.errors import Cancelled, EstimatorFailed, Expired, InvalidRows, InvalidTarget, ModelNotTrained
from tasks.ledger.task_repr import MODELS, Result, of_call, of_group
from tasks.worker.leases import WorkRequest

CELL = "cell-4f1d9c"


def test_one_item() -> None:
    told = of_group("g", Lane.LOW, models=["m"], items=1)
    assert literal_eval(told) == {"model": "m", "items": 1, "lane": "low", "handle": "g-0"}


def test_a_group_of_several_models() -> None:
    told = of_group("g", Lane.HIGH, models=["b", "a", "b", "a"], items=4)
    assert literal_eval(told) == {"models": "b, a", "items": 4, "lane": "high", "handles": "g-0..g-3"}
    many = of_group("g", Lane.HIGH, models=[f"m{number}" for number in range(256)], items=256)
    assert literal_eval(many)["models"] == f"{', '.join(f'm{n}' for n in range(MODELS))} and {256 - MODELS} more"


@pytest.mark.parametrize(
    ("priority", "lane"),
    [(None, "high"), (0, "high"), (1, "high"), (3, "normal"), (6, "low"), (9, "low"), ("x", "high")],
)
def test_the_lane_of_a_call(priority: Any, lane: str) -> None:
    assert literal_eval(of_call("t", priority=priority, kwargs={}))["lane"] == lane


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"model": "m", "rows": [[CELL]] * 3}, {"model": "m", "rows": 3}),
        ({"model": "m", "columns": {"a": [CELL, CELL]}}, {"model": "m", "rows": 2}),
        ({"model": "m", "columns": {}}, {"model": "m", "rows": 0}),
        ({"model": "m", "csv": CELL, "params": {"a": CELL}}, {"model": "m"}),
        # Whatever strangers send.
        ({"model": [CELL], "rows": 7, "columns": {"a": 7}, CELL: CELL}, {"rows": 0}),
        ({"model": f"{CELL} {CELL}", "columns": CELL}, {}),
        (CELL, {}),
    ],
)
def test_a_call_is_told_without_data(given: Any, told: dict[str, Any]) -> None:
    assert literal_eval(of_call("t", priority=3, kwargs=given)) == {**told, "lane": "normal", "handle": "t"}


def test_a_result_is_json_for_its_caller_alone() -> None:
    value = {"model": "m", "version": 3, "predictions": [CELL, CELL], "classes": [CELL], "seconds": None}
    assert loads(dumps({"result": Result(value)})) == {"result": value}
    assert literal_eval(repr(Result(value))) == {"model": "m", "version": 3, "rows": 2}
    assert repr(Result([CELL])) == "{}"


class Events:
    """What was told."""

    enabled = True

    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []

    def send(self, name: str, **fields: Any) -> None:
        self.told.append({"event": name, **fields})


@pytest.fixture
def events() -> Events:
    return Events()


@pytest.fixture
def request_of_call(events: Events) -> Iterator[WorkRequest]:
    """A direct call, as a worker receives it."""
    app = create_app(Settings(redis_url="redis://localhost"))
    app.loader.import_default_modules()
    task = app.tasks[TASKS[Kind.ESTIMATE]]
    with Connection("memory://") as connection, connection.channel() as channel:
        queue = Queue("estimate", Exchange(""), routing_key="estimate", channel=channel)
        queue.declare()
        kwargs = {"model": "m", "rows": [[CELL]]}
        with app.amqp.Producer(channel) as producer:
            task.apply_async(kwargs=kwargs, producer=producer, queue=queue, ignore_result=True)
        message = queue.get()
        assert message is not None
        assert CELL in message.headers["kwargsrepr"]
        yield WorkRequest(message, app=app, task=task, eventer=events)


def test_a_worker_that_is_asked_tells_no_data(request_of_call: WorkRequest) -> None:
    assert request_of_call.kwargs["rows"] == [[CELL]]
    asked = (request_of_call.info(), request_of_call.info(safe=True))
    for said in (*asked, repr(request_of_call), request_of_call.request_dict["kwargsrepr"]):
        assert CELL not in str(said)
        assert "'rows': 1" in str(said)


def test_words_that_may_repeat_what_was_sent_are_not_told(request_of_call: WorkRequest, events: Events) -> None:
    for error in (InvalidRows(CELL), InvalidTarget(CELL), ModelNotTrained("there is no model"), KeyError("a")):
        request_of_call.send_event("task-failed", exception=repr(error), traceback=f"in a line\n{error!r}")
    assert [event["exception"] for event in events.told] == [
        *("InvalidRows()", "InvalidTarget()"),
        *("ModelNotTrained('there is no model')", "KeyError('a')"),
    ]
    assert CELL not in str(events.told)
    assert events.told[-1]["traceback"]


def test_what_nobody_wanted_any_longer_is_no_fault(request_of_call: WorkRequest, events: Events) -> None:
    for error in (Cancelled("it was cancelled"), Expired("its deadline passed"), EstimatorFailed("Cancelled()")):
        request_of_call.send_event("task-failed", exception=repr(error), traceback="")
    assert [event["event"] for event in events.told] == ["task-revoked", "task-revoked", "task-failed"]
    assert [event.get("expired") for event in events.told] == [False, True, None]


def test_a_result_that_celery_finds_is_not_told(request_of_call: WorkRequest, events: Events) -> None:
    request_of_call.send_event("task-succeeded", result="{'rows': 1}", runtime=0.1)
    request_of_call.send_event("task-succeeded", result=repr([CELL]), runtime=None)
    assert [event["result"] for event in events.told] == ["{'rows': 1}", ""]
