"""Homes that earlier commits made, with work queued in them, go on working: nothing of what was accepted is lost."""

from __future__ import annotations

import json
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pytest

from tests.servers import eventually
from tests.service import Service
from tests.snapshots import counted, stored

pytestmark = pytest.mark.integration

HOMES: Final = Path(__file__).parents[1] / "homes"
ROWS: Final = {"rows": [{"a": 3, "b": 4, "color": "red"}, {"a": 10, "b": 12, "color": "blue"}]}


class OldHome:
    """A service that runs in a home of an earlier commit, and what was told of that."""

    def __init__(self, service: Service) -> None:
        self.service = service
        self.work: dict[str, Any] = json.loads((service.home.root / "work.json").read_text())

    def task(self, handle: str) -> dict[str, Any]:
        """The task once it is over."""

        def over() -> dict[str, Any] | None:
            found: dict[str, Any] = self.service.http.get(f"/v1/tasks/{handle}").raise_for_status().json()
            return found if found["state"] not in ("queued", "running") else None

        return eventually(over, seconds=60, what=f"the end of {handle}")

    def results(self, what: str) -> list[dict[str, Any]]:
        """What the queued work of a kind came to."""
        tasks = [self.task(handle) for handle in self.work["queued"][what]]
        assert {task["state"] for task in tasks} == {"succeeded"}, tasks
        return [self.service.http.get(f"/v1/tasks/{task['id']}/result").raise_for_status().json() for task in tasks]


@pytest.fixture(scope="module", params=sorted(HOMES.glob("*.tar.gz")), ids=lambda path: path.name.split(".")[0])
def home(request: pytest.FixtureRequest) -> Iterator[OldHome]:
    service = Service(env={"MLSERVICE_BLOBS_URL": "redis"})
    service.home.root.mkdir(mode=0o700)
    with tarfile.open(request.param) as archive:
        # The first releases of Python 3.11 have none.
        if hasattr(tarfile, "data_filter"):
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(service.home.root)
    with service:
        yield OldHome(service)


def test_queued_estimates_are_answered(home: OldHome) -> None:
    answers = home.work["answers"]
    for result in home.results("estimate"):
        assert (result["version"], result["predictions"][0]) == (2, answers["sums"]["predictions"][0])
    for result in home.results("estimate, version 1"):
        assert (result["version"], result["predictions"][0]) == (1, answers["sums, version 1"]["predictions"][0])
    (large,) = home.results("large estimate")
    assert len(large["predictions"]) == 20_000


def test_queued_init_and_train_are_done(home: OldHome) -> None:
    (ready,) = home.results("init")
    assert ready["rows"] == 400
    (trained,) = home.results("train")
    assert (trained["version"], trained["promoted"]) == (3, False)
    # Its data have no plan; one is made of them as they are.
    assert "plan_made" in [finding["code"] for finding in trained["findings"]]
    plan = home.service.http.get("/v1/models/sums").raise_for_status().json()["plan"]
    assert {column["name"]: column["role"] for column in plan["columns"]}["color"] == "feature"


def test_old_work_is_found_by_what_it_is(home: OldHome) -> None:
    def found(handle: str, **wanted: str) -> bool:
        listed = home.service.http.get("/v1/tasks", params={"limit": "200", **wanted}).raise_for_status().json()
        return handle in [task["id"] for task in listed["tasks"]]

    for kind in ("train", "estimate"):
        handle = home.work["queued"][kind][0]
        eventually(lambda: found(handle, kind=kind), seconds=20, what=f"{kind} in the list")  # noqa: B023 - called here
        assert found(handle, kind=kind, model=home.task(handle)["model"], state="succeeded")
        assert not found(handle, kind="init")


def test_old_versions_answer_as_before(home: OldHome) -> None:
    answers = home.work["answers"]
    for version, name in ((2, "sums"), (1, "sums, version 1")):
        now = home.service.estimate("sums", ROWS, version=version).raise_for_status().json()
        assert now == answers[name]
    kinds = {"rows": [{"a": 3, "b": 4}, {"a": 19, "b": 19}]}
    assert home.service.estimate("kinds", kinds).raise_for_status().json() == answers["kinds"]


def test_new_work_goes_on_from_it(home: OldHome) -> None:
    home.results("train")
    trained = home.service.train("sums", params={"num_iterations": 5}).raise_for_status().json()
    assert trained["version"] == 4
    assert "plan_made" not in [finding["code"] for finding in trained["findings"]]
    now = home.service.estimate("sums", ROWS).raise_for_status().json()
    assert now["version"] == 4


def test_a_new_init_keeps_the_sides(home: OldHome) -> None:
    home.results("init")
    before = stored(home.service, "kinds", blobs_url="redis")
    rows = pa.concat_tables([before.holdout, before.train]).to_pylist()
    home.service.init("kinds", {"rows": rows[::-1]}, target="kind").raise_for_status()
    after = stored(home.service, "kinds", blobs_url="redis")
    # There are two parts in the old one, of which the rows to learn from become two.
    assert counted(after.tested) == counted(before.holdout)
    assert counted(after.train) + counted(after.holdout) == counted(before.train)
    assert home.service.train("kinds", params={"num_iterations": 5}).status_code == 200


def test_what_an_old_version_does_not_say_is_null(home: OldHome) -> None:
    http = home.service.http
    version = http.get("/v1/models/sums/versions/2").raise_for_status().json()
    assert version["lineage"] is None
    assert version["schema"]["columns"]
    listed = http.get("/v1/models/sums/versions").raise_for_status().json()
    line = {"version": 2, "metrics": version["metrics"], "created_at": version["created_at"], "tags": {}}
    assert line in listed["versions"]
    assert listed["version_count"] == len(listed["versions"]) >= 2
    assert "sums" in [model["model"] for model in http.get("/v1/models").raise_for_status().json()["models"]]
