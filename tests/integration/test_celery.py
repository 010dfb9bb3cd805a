"""Bare Celery, in a process that has none of this code, calls the three tasks."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from prometheus_client.parser import text_string_to_metric_families

from tasks.config.settings import Settings
from tasks.contract import PRIORITY, Lane
from tests import slow
from tests.elsewhere import run_elsewhere
from tests.servers import eventually
from tests.service import Service

#: Makes the calls that it is given and tells what came of each.
CALLS = """\
said = []
for name, kwargs, options in given["calls"]:
    result = app.send_task(name, kwargs=kwargs, **options)
    seen = []
    try:
        while given["watch"]:
            # Read once: between two looks the state may change.
            found = app.backend.get_task_meta(result.id)
            if found["status"] in ("SUCCESS", "FAILURE"):
                break
            seen.append([found["status"], found["result"] if found["status"] == "PROGRESS" else None])
            time.sleep(0.01)
        said.append({"result": result.get(timeout=30), "seen": seen})
    except Exception as error:
        said.append({"error": type(error).__name__, "message": str(error)})
"""

#: (task, keyword arguments, options of send_task)
Call = tuple[str, dict[str, Any], dict[str, Any]]
ROWS = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]


@pytest.fixture
def elsewhere(service: Service, tmp_path: Path) -> Elsewhere:
    """A place from which the service is called."""
    return Elsewhere(Settings(redis_url=service.redis_url).broker.shown_url, tmp_path)


class Elsewhere:
    """Runs calls by bare Celery in a process of their own."""

    def __init__(self, broker_url: str, folder: Path) -> None:
        self._url = broker_url
        self._folder = folder

    def call(self, *calls: Call, watch: bool = False) -> list[dict[str, Any]]:
        """What came of each call: `result`, or `error` and `message`; with `watch`, also the states `seen`."""
        given = {"calls": calls, "watch": watch}
        said: list[dict[str, Any]] = run_elsewhere(CALLS, given, broker_url=self._url, folder=self._folder)
        return said

    def results(self, *calls: Call) -> list[Any]:
        """The results of calls that succeed."""
        said = self.call(*calls)
        assert all("result" in one for one in said), said
        return [one["result"] for one in said]


@pytest.mark.parametrize("named", [False, True], ids=["no queue named", "queue named"])
def test_init_train_and_estimate(elsewhere: Elsewhere, named: bool) -> None:
    model = f"celery-{named}"
    work: Sequence[tuple[str, dict[str, Any]]] = [
        ("init", {"model": model, "target": "y", "rows": ROWS}),
        ("train", {"model": model, "params": {"num_iterations": 60}}),
        ("estimate", {"model": model, "rows": [[3, 4], {"b": 12, "a": 10}]}),
        ("estimate", {"model": model, "columns": {"a": [3], "b": [4]}, "version": 1}),
    ]
    options = [{"queue": kind, "priority": PRIORITY[Lane.HIGH]} if named else {} for kind, _ in work]
    init, train, rows, columns = elsewhere.results(
        *((f"tasks.{kind}", kwargs, chosen) for (kind, kwargs), chosen in zip(work, options, strict=True))
    )
    assert (init["model"], init["rows"], init["problem"]) == (model, 400, "regression")
    assert (train["version"], train["promoted"]) == (1, True)
    assert train["metrics"].keys() >= {"rmse", "mae", "r2"}
    assert (rows["model"], rows["version"]) == (model, 1)
    assert rows["predictions"] == pytest.approx([7.5, 22.5], abs=1)
    assert columns["predictions"] == pytest.approx(rows["predictions"][:1], abs=1e-9)


def test_the_same_answer_as_over_http(service: Service, elsewhere: Elsewhere) -> None:
    rows = [{"a": row["a"], "b": row["b"], "y": "large" if row["y"] > 20 else "small"} for row in ROWS]
    assert service.init("sizes", {"rows": rows}, target="y").status_code == 200
    assert service.train("sizes").status_code == 200
    asked = [[1, 1], [19, 19], [10, 10]]
    (direct,) = elsewhere.results(("tasks.estimate", {"model": "sizes", "rows": asked}, {}))
    assert direct == service.estimate("sizes", {"rows": asked}).json()
    (explained,) = elsewhere.results(("tasks.estimate", {"model": "sizes", "rows": asked, "explain": True}, {}))
    assert explained == service.estimate("sizes", {"rows": asked}, explain="true").json()
    assert direct["classes"] == ["large", "small"]
    assert direct["predictions"][:2] == ["small", "large"]


def test_the_rows_of_direct_calls_are_counted(service: Service, elsewhere: Elsewhere) -> None:
    def counted() -> float:
        families = text_string_to_metric_families(service.http.get("/metrics").text)
        return next(family.samples[0].value for family in families if family.name == "mlservice_estimated_rows")

    assert service.init("counted", {"rows": ROWS}, target="y").status_code == 200
    assert service.train("counted").status_code == 200
    before = counted()
    elsewhere.results(("tasks.estimate", {"model": "counted", "rows": [[1, 1], [2, 2], [3, 3]]}, {}))
    assert service.estimate("counted", {"rows": [[1, 1], [2, 2]]}).status_code == 200
    # A reading is good for a second.
    eventually(lambda: counted() != before, what="a new reading")
    assert counted() == before + 5


#: (task, keyword arguments, the error's class, a part of its message)
ERRORS: list[tuple[str, dict[str, Any], str, str]] = [
    ("tasks.train", {"model": "never-made"}, "ModelNotInitialised", "submit an init"),
    ("tasks.estimate", {"model": "never-made", "rows": [[1]]}, "ModelNotInitialised", "submit an init"),
    ("tasks.estimate", {"model": "untrained", "rows": [[1, 2]]}, "ModelNotTrained", "submit a train"),
    ("tasks.estimate", {"model": "untrained", "rows": [[1, 2]], "version": 7}, "UnknownVersion", "no version 7"),
    ("tasks.estimate", {"model": "untrained"}, "InvalidField", "one of rows or columns"),
    ("tasks.estimate", {"model": "../etc", "rows": [[1, 2]]}, "InvalidField", "is not allowed"),
    ("tasks.train", {"model": "untrained", "params": {"depht": 3}}, "InvalidParams", "depht"),
    ("tasks.train", {"model": "untrained", "promote": "maybe"}, "InvalidField", "always, if_better, never"),
    ("tasks.init", {"model": "untrained", "target": "z", "rows": ROWS}, "InvalidTarget", "'z'"),
    ("tasks.init", {"model": "untrained", "target": "y"}, "InvalidField", "rows, columns, csv, source or upload"),
    ("tasks.init", {"model": "untrained", "target": "y", "rows": []}, "InvalidTable", "no rows"),
]


def test_errors_keep_their_class_and_message(elsewhere: Elsewhere) -> None:
    """Also when no queue is named; and the workers go on."""
    made: Call = ("tasks.init", {"model": "untrained", "target": "y", "rows": ROWS}, {})
    init, *said = elsewhere.call(made, *((name, kwargs, {}) for name, kwargs, _, _ in ERRORS))
    assert "result" in init, init
    for one, (name, kwargs, error, message) in zip(said, ERRORS, strict=True):
        assert one.get("error") == error, f"{name} {kwargs}: {one}"
        assert message in one["message"]


def test_arguments_that_do_not_exist_are_refused(elsewhere: Elsewhere) -> None:
    (said,) = elsewhere.call(("tasks.estimate", {"model": "m", "lines": [[1]]}, {"queue": "estimate"}))
    assert said["error"] == "TypeError"
    assert "lines" in said["message"]


def test_the_progress_of_a_train_can_be_seen(elsewhere: Elsewhere) -> None:
    # So many that it is looked at several times, also by a process that is kept waiting.
    params = {"iterations": 60, "step": 0.05}
    calls: list[Call] = [
        ("tasks.init", {"model": "celery-watched", "target": "y", "rows": ROWS, "estimator": "slow"}, {}),
        ("tasks.train", {"model": "celery-watched", "params": params}, {"queue": "train"}),
    ]
    _, train = elsewhere.call(*calls, watch=True)
    assert train["result"]["version"] == 1
    states = [state for state, _ in train["seen"]]
    assert set(states) <= {"PENDING", "STARTED", "PROGRESS"}
    seen = [info for state, info in train["seen"] if state == "PROGRESS"]
    assert len({info["iteration"] for info in seen}) > 2
    assert [info["iteration"] for info in seen] == sorted(info["iteration"] for info in seen)
    assert {info["total"] for info in seen} == {60}
    assert seen[-1]["metrics"] == slow.losses(seen[-1]["iteration"])
