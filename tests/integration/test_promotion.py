"""A new version takes over while estimates run; estimates run while a train does."""

from __future__ import annotations

import re
import statistics
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from threading import Event
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from infra.host.control import Supervisor
from infra.host.process_tree import processes
from tasks.contract import Media
from tests.service import Service

#: A promoted version answers after so many seconds at most, and an estimate beside a train too.
SECONDS = 2.0
#: The iterations of the long train: some seconds.
ITERATIONS = 300


@dataclass(frozen=True)
class Answer:
    """One estimate of the steady callers; times are of the wall clock."""

    sent_at: float
    seconds: float
    status: int
    version: int | None


@dataclass
class Callers:
    """What the steady callers have been told so far."""

    answers: list[Answer] = field(default_factory=list)

    def first_of(self, version: int, *, seconds: float = 10) -> float:
        """When the first answer of this version came; waits for it."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            found = [a.sent_at + a.seconds for a in list(self.answers) if a.version == version]
            if found:
                return min(found)
            time.sleep(0.01)
        raise AssertionError(f"version {version} did not answer within {seconds} s: {self.answers[-3:]}")

    def check(self) -> None:
        """None failed."""
        assert len(self.answers) > 20
        assert {answer.status for answer in self.answers} == {200}


@contextmanager
def estimating(service: Service, model: str, body: dict[str, Any], *, pause_seconds: float = 0) -> Iterator[Callers]:
    """Four callers who estimate again and again, for as long as the context lasts."""
    callers, over, threads = Callers(), Event(), 4

    def call() -> None:
        while not over.wait(pause_seconds):
            sent, start = time.time(), time.monotonic()
            answer = service.estimate(model, body)
            version = answer.json()["version"] if answer.status_code == 200 else None
            callers.answers.append(Answer(sent, time.monotonic() - start, answer.status_code, version))

    with ThreadPoolExecutor(threads) as pool:
        calls = [pool.submit(call) for _ in range(threads)]
        try:
            yield callers
        finally:
            over.set()
    for one in calls:
        one.result()


@pytest.fixture
def model(service: Service, request: pytest.FixtureRequest) -> str:
    """A model of y = a + b with one version; each test has its own."""
    name = request.node.name.replace("[", "-").replace("]", "")[:60]
    rows = [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]
    assert service.init(name, {"rows": rows}, target="y").status_code == 200
    assert trained(service.train(name, params={"num_iterations": 60}))["version"] == 1
    return str(name)


def trained(answer: httpx.Response) -> dict[str, Any]:
    assert answer.status_code == 200, answer.text
    document: dict[str, Any] = answer.json()
    return document


def current(service: Service, model: str) -> int:
    return int(service.http.get(f"/v1/models/{model}").json()["current"])


def promote(service: Service, model: str, version: int) -> None:
    answer = service.http.post(f"/v1/models/{model}/versions/{version}/promote")
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"model": model, "current": version}


def process_ids(service: Service) -> set[int]:
    """The programs and all their children, but for the processes that train: those come and go with the work."""
    states = Supervisor(Path(service.home.service().sockets)).states()
    # One that stands still has no process.
    programs = {state.pid for state in states if state.pid and state.name != "worker-train"}
    return {process.pid for process in processes() if process.group in programs}


def test_a_second_version_takes_over_while_estimates_run(service: Service, model: str) -> None:
    before = process_ids(service)
    with estimating(service, model, {"rows": [[3, 4]]}) as callers:
        callers.first_of(1)
        assert trained(service.train(model, params={"num_iterations": 90}))["promoted"]
        created = service.http.get(f"/v1/models/{model}/versions/2").json()["created_at"]
        delay = callers.first_of(2) - datetime.fromisoformat(created).timestamp()
        back = time.time()
        promote(service, model, 1)
        rolled = time.time()
        time.sleep(0.3)
    callers.check()
    assert delay < SECONDS, f"version 2 answered {delay:.3f} s after it was made"
    after = {a.version for a in callers.answers if a.sent_at > rolled}
    assert after == {1}, f"after the roll back at {back} these answered: {after}"
    assert process_ids(service) == before


def test_what_is_sent_after_a_promotion_is_answered_by_that_version(service: Service, model: str) -> None:
    trained(service.train(model, promote="never", params={"num_iterations": 90}))
    moves = []
    with estimating(service, model, {"rows": [[3, 4]]}) as callers:
        for version in (2, 1, 2, 1, 2):
            promote(service, model, version)
            moves.append((time.time(), version))
            time.sleep(0.15)
            end = time.time()
            moves.append((end, 0))
    callers.check()
    for (start, version), (end, _) in zip(moves[::2], moves[1::2], strict=True):
        inside = {a.version for a in callers.answers if start < a.sent_at and a.sent_at + a.seconds < end}
        assert inside <= {version}
    assert {a.version for a in callers.answers} >= {1, 2}


def test_never_promotes_never(service: Service, model: str) -> None:
    assert not trained(service.train(model, promote="never"))["promoted"]
    assert current(service, model) == 1
    assert service.estimate(model, {"rows": [[3, 4]]}).json()["version"] == 1


def test_if_better_promotes_what_is_better(service: Service, model: str) -> None:
    worse = trained(service.train(model, promote="if_better", params={"num_iterations": 2}))
    assert (worse["version"], worse["promoted"], current(service, model)) == (2, False, 1)
    better = trained(service.train(model, promote="if_better", params={"num_iterations": 500, "num_leaves": 63}))
    assert (better["version"], better["promoted"], current(service, model)) == (3, True, 3)
    assert better["metrics"]["rmse"] < worse["metrics"]["rmse"]


PLANE = [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]


@pytest.mark.parametrize(
    ("rows", "target", "because"),
    [
        ([{"a": row["a"], "c": row["b"], "y": row["y"]} for row in PLANE], "y", "no longer have 'b'"),
        ([{**row, "y": "big" if row["y"] > 19 else "small"} for row in PLANE], "y", "regression, not binary"),
        ([{"a": row["a"], "y": row["y"], "b": row["b"]} for row in PLANE], "b", "predicts 'y', not 'b'"),
    ],
    ids=["column-gone", "other-problem", "other-target"],
)
def test_the_incomparable_is_stored(
    service: Service, model: str, rows: list[dict[str, Any]], target: str, because: str
) -> None:
    assert service.init(model, {"rows": rows}, target=target, replace="true").status_code == 200
    made = trained(service.train(model, promote="if_better", params={"num_iterations": 5}))
    assert (made["version"], made["promoted"], made["promotion"]["decided"]) == (2, False, False)
    assert because in made["promotion"]["because"]
    assert current(service, model) == 1
    version = service.http.get(f"/v1/models/{model}/versions/2").json()
    assert version["promotion"] == made["promotion"]


def test_other_classes_cannot_be_compared(service: Service, model: str) -> None:
    for classes in (("small", "big"), ("small", "huge")):
        rows = [{**row, "y": classes[row["y"] > 19]} for row in PLANE]
        assert service.init(model, {"rows": rows}, target="y", replace="true").status_code == 200
        made = trained(service.train(model, promote="always" if "big" in classes else "if_better"))
    assert (made["promoted"], made["promotion"]["decided"]) == (False, False)
    assert "its classes are 'big', 'small'" in made["promotion"]["because"]


def test_the_current_is_measured_by_its_own_schema(service: Service, model: str) -> None:
    """With one more column and one more category before the others, the current version is as good as it was."""
    rows = [{"a": a, "k": "xyz"[a % 3], "y": a + 10 * (a % 3)} for a in range(60) for _ in range(5)]
    assert service.init(model, {"rows": rows}, target="y", replace="true").status_code == 200
    first = trained(service.train(model, params={"num_iterations": 200, "min_data_per_group": 5}))
    more = [{**row, "noise": index % 7} for index, row in enumerate(rows)]
    more += [{"a": 1, "k": "a", "y": 11, "noise": 0}] * 5
    assert service.init(model, {"rows": more}, target="y", replace="true").status_code == 200
    made = trained(service.train(model, promote="if_better", params={"num_iterations": 1}))
    assert (made["promoted"], made["promotion"]["decided"]) == (False, True)
    told = re.search(r"that of version \d+ is ([^;]+);", made["promotion"]["because"])
    assert told is not None
    old = float(told[1])
    # With the codes of the new categories it would be wrong by 10 in most rows.
    assert old < first["metrics"]["rmse"] + 1
    assert made["promotion"]["because"].startswith("rmse on the holdout is ")


def test_every_train_says_why_it_was_promoted_or_not(service: Service, model: str) -> None:
    said = [trained(service.train(model, promote=rule))["promotion"] for rule in ("always", "never")]
    assert said == [{"decided": True, "because": f"promote was '{rule}'"} for rule in ("always", "never")]


def test_an_explicit_version_answers(service: Service, model: str) -> None:
    trained(service.train(model, params={"num_iterations": 3}))
    found = {v: service.estimate(model, {"rows": [[19, 19]]}, version=v).json() for v in (1, 2)}
    assert {v: answer["version"] for v, answer in found.items()} == {1: 1, 2: 2}
    assert found[1]["predictions"][0] > found[2]["predictions"][0] + 1
    unknown = service.estimate(model, {"rows": [[1, 2]]}, version=3)
    assert unknown.status_code == 404
    assert unknown.json()["pointer"] == "?version"
    assert service.http.post(f"/v1/models/{model}/versions/3/promote").status_code == 404
    assert current(service, model) == 2


@pytest.fixture(scope="module")
def large(service: Service) -> str:
    """A model of 20,000 rows x 30 columns with one version."""
    rng = np.random.default_rng(0)
    columns = {f"x{index}": rng.random(20_000) for index in range(30)}
    table = pa.table({**columns, "y": sum(columns.values()) + rng.normal(size=20_000)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    body = sink.getvalue().to_pybytes()
    assert service.init("large", body, target="y", media=Media.ARROW).status_code == 200
    return "large"


def test_estimates_are_answered_while_a_long_train_runs(service: Service, large: str) -> None:
    trained(service.train(large, params={"num_iterations": 30}))
    body = {"params": {"num_iterations": ITERATIONS, "num_leaves": 63, "early_stopping_rounds": 0}}
    with estimating(service, large, {"rows": [[0.5] * 30]}, pause_seconds=0.05) as callers:
        submitted = service.http.post(f"/v1/models/{large}/train", json=body)
        assert submitted.status_code == 202
        task, seen = follow(service, submitted.headers["Location"])
    callers.check()
    assert task["state"] == "succeeded", task
    assert task["result"]["version"] == 2
    began, ended = (datetime.fromisoformat(task[name]).timestamp() for name in ("started_at", "finished_at"))
    beside = [a.seconds for a in callers.answers if began < a.sent_at < ended]
    said = (
        f"{len(beside)} estimates beside a train of {ended - began:.1f} s:"
        f" median {statistics.median(beside) * 1000:.1f} ms, longest {max(beside) * 1000:.0f} ms"
    )
    assert len(beside) > 20, said
    assert max(beside) < SECONDS, said
    iterations = [state["iteration"] for state in seen]
    assert len(set(iterations)) > 5
    assert iterations == sorted(iterations)
    assert iterations[-1] == ITERATIONS
    assert {state["total"] for state in seen} == {ITERATIONS}
    assert all(one["seconds"] <= next_one["seconds"] for one, next_one in pairwise(seen))


def follow(service: Service, location: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """The finished task, and what its progress was each time it was asked for."""
    seen = []
    while True:
        task: dict[str, Any] = service.http.get(location).json()
        if task["progress"]:
            seen.append(task["progress"])
        if task["state"] not in ("queued", "running"):
            return task, seen
        time.sleep(0.1)
