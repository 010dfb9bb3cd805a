"""A backup that is made while the service works, restored elsewhere: nothing that was accepted before it is missing."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from infra.backup.private_valkey import serving
from infra.host.home import Home
from infra.redis_server.place import redis_place
from tasks.errors import SettingsError
from tasks.ledger.history import History
from tests.commands import add_account, mlservice, said
from tests.integration.conftest import SHARED
from tests.servers import Valkey, eventually
from tests.service import Service

#: Rows whose body lies in the blob store, not in the record.
LARGE: Final = {"rows": [[float(i), 1.0] for i in range(30_000)]}
SMALL: Final = {"rows": [[3.0, 4.0]]}
PASSWORD: Final = "correct horse battery"


class Load:
    """Estimates that are submitted one after the other, as fast as the service accepts them."""

    def __init__(self, service: Service) -> None:
        self._url, self._headers = service.url, dict(service.http.headers)
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        #: What was accepted, in that order.
        self.handles: list[str] = []

    def __enter__(self) -> Load:
        self._thread.start()
        eventually(lambda: len(self.handles) > 5, what="the begin of the load")
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        with httpx.Client(base_url=self._url, headers=self._headers, timeout=30) as http:
            while not self._ended.is_set():
                answer = http.post("/v1/models/backed-up/estimate", json=SMALL)
                if answer.status_code == 202:
                    self.handles.append(answer.json()["id"])


class Restored:
    """A service in a restored home, and what was known of the first one when the backup began."""

    def __init__(self, service: Service, *, handles: list[str], large: list[str], answer: Any, token: str) -> None:
        self.service, self.handles, self.large = service, handles, large
        self.answer, self.token = answer, token
        #: What was not finished when it was moved.
        self.begun = ""

    def result(self, handle: str) -> Any:
        """What a task came to, once it is over."""

        def over() -> Any:
            answer = self.service.http.get(f"/v1/tasks/{handle}/result", headers={"Prefer": "wait=30"})
            return answer.raise_for_status().json() if answer.status_code != 202 else None

        return eventually(over, seconds=60, what=f"the end of {handle}")


@pytest.fixture(scope="module")
def restored(service: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Restored]:
    rows = [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]
    service.init("backed-up", {"rows": rows}, target="y").raise_for_status()
    service.train("backed-up", params={"num_iterations": 10}).raise_for_status()
    answer = service.estimate("backed-up", SMALL).raise_for_status().json()
    add_account("backup-ann", "estimate", home=service.home, password=PASSWORD)
    token = said("token", "backup-ann", home=service.home).strip()
    file = tmp_path_factory.mktemp("backup") / "home.tar"
    with Load(service) as load:
        # While it stands still, work that was accepted waits, and then goes on here and there.
        with service.halted("worker-estimate"):
            large = [service.http.post("/v1/models/backed-up/estimate", json=LARGE).json()["id"] for _ in range(2)]
            handles = list(load.handles)
            assert "blobs" in said_of(service.home, "backup", file)
        assert len(load.handles) >= len(handles)
    for handle in large:
        eventually(lambda: service.http.get(f"/v1/tasks/{handle}").json()["state"] == "succeeded", seconds=60)  # noqa: B023
    elsewhere = Service(env=SHARED)
    said_of(elsewhere.home, "restore", file)
    with elsewhere:
        yield Restored(elsewhere, handles=handles, large=large, answer=answer, token=token)


def said_of(home: Home, *arguments: str | Path) -> str:
    done = mlservice(*arguments, home=home)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_all_that_was_accepted_before_is_finished(restored: Restored) -> None:
    assert len(restored.handles) > 5
    for handle in restored.handles:
        assert restored.result(handle)["predictions"] == restored.answer["predictions"]


def test_bodies_in_the_blob_store_are_there(restored: Restored, service: Service) -> None:
    for handle in restored.large:
        here = service.http.get(f"/v1/tasks/{handle}/result").raise_for_status().json()
        assert restored.result(handle) == here
        assert len(here["predictions"]) == len(LARGE["rows"])


def test_models_tokens_and_accounts_go_on(restored: Restored) -> None:
    http = restored.service.http
    assert restored.service.estimate("backed-up", SMALL).raise_for_status().json() == restored.answer
    old = {"Authorization": f"Bearer {restored.token}"}
    assert http.post("/v1/models/backed-up/estimate", json=SMALL, headers=old).status_code == 202
    assert httpx.post(f"{restored.service.url}/v1/token", auth=("backup-ann", PASSWORD)).status_code == 200
    trained = restored.service.train("backed-up", params={"num_iterations": 5}).raise_for_status().json()
    assert trained["version"] == 2


@pytest.fixture(scope="module")
def outside() -> Iterator[Valkey]:
    with Valkey("--appendonly", "yes") as valkey:
        yield valkey


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("moved") / "blobs"


@pytest.fixture(scope="module")
def moved(restored: Restored, outside: Valkey, store: Path) -> Restored:
    """The restored home, on a Redis outside and in another blob store, after it was moved there."""
    service, places = restored.service, {"REDIS_URL": outside.redis_url, "MLSERVICE_BLOBS_URL": f"file://{store}"}
    rows = [{"x": x, "y": 2 * x} for x in range(50)]
    service.init("gated", {"rows": rows}, target="y", estimator="slow").raise_for_status()
    gate = store.with_name("gate")
    params = {"iterations": 3, "step": 0.01, "gate": str(gate)}
    # Work that was begun when the service stopped waits in the queue that is moved.
    restored.begun = service.http.post("/v1/models/gated/train", json={"params": params}).json()["id"]
    with pytest.MonkeyPatch.context() as patch:
        for name, value in places.items():
            patch.setenv(name, value)
        assert "a service runs in" in mlservice("move", home=service.home).stderr
        service.stop()
        assert "are in the Redis at" in said("move", home=service.home)
        again = mlservice("move", home=service.home)
        assert (again.returncode, "on a Redis outside already" in again.stderr) == (1, True), again.stderr
    with pytest.raises(SettingsError, match="held was moved, to"):
        redis_place(service.home, service.home.run, {})
    shutil.rmtree(service.home.blobs)
    service.start_again(**places)
    gate.touch()
    return restored


def test_what_was_begun_ends(moved: Restored) -> None:
    assert moved.result(moved.begun)["version"] == 1


def test_nothing_is_lost(moved: Restored) -> None:
    for handle in moved.handles[-20:]:
        assert moved.result(handle)["predictions"] == moved.answer["predictions"]
    assert moved.service.estimate("backed-up", SMALL, version=1).raise_for_status().json() == moved.answer
    old = {"Authorization": f"Bearer {moved.token}"}
    assert moved.service.http.post("/v1/models/backed-up/estimate", json=SMALL, headers=old).status_code == 202


def test_results_lie_in_the_new_store(moved: Restored, store: Path) -> None:
    for handle in moved.large:
        assert len(moved.result(handle)["predictions"]) == len(LARGE["rows"])
    assert (store / "results").is_dir()


def test_a_backup_of_it_becomes_a_home_again(moved: Restored, outside: Valkey, tmp_path: Path) -> None:
    said_of(moved.service.home, "backup", tmp_path / "b.tar")
    back = Home(tmp_path / "back")
    said_of(back, "restore", tmp_path / "b.tar")
    with serving(back.redis, tell=print) as restored, outside.client() as client:
        there, here = History(restored), History(client)
        for handle in (*moved.handles[-20:], moved.begun):
            assert there.task(handle) == here.task(handle)
        for handle in moved.large:
            assert there.outcome(handle) == here.outcome(handle)
