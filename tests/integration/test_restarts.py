"""Processes end gently, and are replaced under load: nothing fails, nothing is lost, nothing is done twice."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection, HTTPException
from pathlib import Path

import pytest

from tasks.contract import State
from tasks.ledger.groups import parse_handle
from tasks.redis_keys import GROUP_KEY
from tests.servers import eventually
from tests.service import MLSERVICE, Service
from tests.site import Site, begun
from tests.workers import Worker

#: How many callers there are, and how long each waits between its requests (seconds).
CALLERS = 4
PAUSE_SECONDS = 0.1


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running:
        yield running


def ended(worker: Worker, number: signal.Signals, *, seconds: float) -> int:
    """The exit status of a worker that is sent this signal."""
    worker.popen.send_signal(number)
    return int(worker.popen.wait(seconds))


def test_a_train_is_given_back_at_once(site: Site, tmp_path: Path) -> None:
    site.init("given")
    log = tmp_path / "log"
    with site.worker("train", drain=1) as first, site.worker("train") as second:
        first.wait_until_ready()
        with second.paused():
            handle = site.train("given", log, seconds=3)
            assert ended(first, signal.SIGTERM, seconds=5) == 0
        eventually(lambda: len(begun(log)) == 2, seconds=4, what="the train elsewhere")
        assert handle.result(timeout=20)["version"] == 1
    assert site.versions("given") == [1]
    assert site.redis.hget(GROUP_KEY.format(group=parse_handle(handle.id)[0]), "excused") == b"1"


def test_what_is_nearly_done_is_finished(site: Site, tmp_path: Path) -> None:
    site.init("nearly")
    # It ends with its work, long before it would have to give it back.
    with site.worker("train", drain=60) as worker:
        handle = site.train("nearly", tmp_path / "log", seconds=1)
        assert ended(worker, signal.SIGTERM, seconds=50) == 0
    assert handle.state is State.SUCCEEDED
    assert len(begun(tmp_path / "log")) == 1


def test_a_worker_ends_while_redis_is_away(site: Site) -> None:
    """The last test here: Redis does not come back."""
    with site.worker("estimate") as worker:
        worker.wait_until_ready()
        site.valkey.popen.kill()
        worker.wait_for("Trying again", seconds=20)
        assert ended(worker, signal.SIGTERM, seconds=5) == 0


class Load:
    """Estimates in a row from several callers, each over a connection of its own; some wait, some do not."""

    def __init__(self, service: Service, model: str) -> None:
        self._address = service.url.removeprefix("http://")
        self._path = f"/v1/models/{model}/estimate"
        self._headers = {
            "Authorization": service.http.headers["Authorization"],
            "Content-Type": "application/json",
            "Connection": "close",
        }
        self._over = threading.Event()
        self.said: Counter[int] = Counter()
        self.wrong: list[str] = []
        self.handles: dict[str, float] = {}

    def __enter__(self) -> Load:
        self._pool = ThreadPoolExecutor(CALLERS)
        self._callers = [self._pool.submit(self._call, number) for number in range(CALLERS)]
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._pool.shutdown()
        for caller in self._callers:
            caller.result()

    def _call(self, number: int) -> None:
        value = float(number)
        headers = {**self._headers, "Prefer": "wait=20"} if number % 3 else self._headers
        while not self._over.wait(PAUSE_SECONDS):
            value += CALLERS
            try:
                status, text = self._post(json.dumps({"rows": [[value]]}), headers)
            except (OSError, HTTPException) as error:
                self.wrong.append(repr(error))
                continue
            self.said[status] += 1
            if status == 202:
                self.handles[json.loads(text)["id"]] = value
            elif status != 200 or json.loads(text)["predictions"] != [2 * value]:
                self.wrong.append(f"{status} {text[:200]}")

    def _post(self, body: str, headers: dict[str, str]) -> tuple[int, str]:
        connection = HTTPConnection(self._address, timeout=60)
        try:
            connection.request("POST", self._path, body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()


def test_rolling_restart_under_load(tmp_path: Path) -> None:
    env = {
        "MLSERVICE_ESTIMATORS": "harmful=tests.harmful:Harmful",
        "PYTHONPATH": str(Path(__file__).parents[2]),
    }
    with Service(env=env) as service:
        rows = [{"x": x, "y": 2 * x} for x in range(50)]
        query = {"target": "y", "estimator": "harmful"}
        made = service.http.post("/v1/models/m/init", params=query, json={"rows": rows}, headers={"Prefer": "wait=30"})
        assert made.status_code == 200, made.text
        assert service.train("m").status_code == 200
        with Load(service, "m") as load, ThreadPoolExecutor(1) as aside:
            eventually(lambda: sum(load.said.values()) > 50, what="the load")
            train = aside.submit(service.train, "m", params={"awaits": str(tmp_path / "restarted")})
            eventually(lambda: running(service), what="the train")
            said = subprocess.run(
                [MLSERVICE, "restart", "--home", service.home.root],
                env={**os.environ, **env},
                capture_output=True,
                text=True,
                timeout=100,
                check=False,
            )
            (tmp_path / "restarted").touch()
            before = sum(load.said.values())
            eventually(lambda: sum(load.said.values()) > before + 50, seconds=20, what="the load afterwards")
        assert said.returncode == 0, said.stderr
        assert [line.split()[0] for line in said.stdout.splitlines()][:3] == [
            "worker-estimate",
            "worker-train",
            "worker-system",
        ]
        assert load.wrong == []
        answer = train.result()
        assert answer.status_code == 202, "the train ended before the gateway was restarted"
        for handle, value in load.handles.items():
            answer = service.http.get(f"/v1/tasks/{handle}/result", headers={"Prefer": "wait=20"})
            assert (answer.status_code, answer.json().get("predictions")) == (200, [2 * value]), answer.text
        trained = service.http.get(
            f"/v1/tasks/{train.result().json()['id']}/result", headers={"Prefer": "wait=40"}
        ).json()
        assert trained["version"] == 2
        assert len(service.http.get("/v1/models/m").json()["versions"]) == 2


def running(service: Service) -> bool:
    """True if a worker has work that is not finished."""
    return bool(service.http.get("/v1/tasks", params={"state": "running", "model": "m"}).json()["tasks"])
