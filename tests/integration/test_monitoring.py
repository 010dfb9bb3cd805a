"""A real Prometheus reads the running service: every query of dashboards and rules gives something under load."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Final
from urllib.parse import urlsplit

import httpx
import pytest

from infra.commands.status import program_status
from infra.host.process_tree import processes
from tasks.ledger.counts import LOST
from tasks.redis_keys import COUNTS_KEY, FLEET_KEY
from tests.beside import beside
from tests.commands import add_account
from tests.prometheus import Prometheus, queries
from tests.servers import eventually
from tests.service import MLSERVICE, Service
from tests.slow import ENVIRONMENT

pytestmark = pytest.mark.integration

ROWS = {"rows": [{"x": x, "y": 2 * x} for x in range(60)]}
#: Between two rounds of work, each of which makes a model (seconds).
PAUSE_SECONDS: Final = 0.5


@pytest.fixture(scope="module")
def watched() -> Iterator[Service]:
    """A service of its own, because a worker of it is killed."""
    with Service(env=ENVIRONMENT) as service:
        yield service


@pytest.fixture(scope="module")
def prometheus(watched: Service, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Prometheus]:
    """It shows the token of an account that may do nothing but look."""
    folder = tmp_path_factory.mktemp("prometheus")
    add_account("prometheus", "monitor", home=watched.home, password="a long secret")
    answer = httpx.post(f"{watched.url}/v1/token", auth=("prometheus", "a long secret"))
    (folder / "token").write_text(answer.json()["access_token"])
    access = {"authorization": {"credentials_file": str(folder / "token")}}
    with Prometheus(folder, target=urlsplit(watched.url).netloc, access=access) as running:
        yield running


def work(service: Service) -> None:
    """A little of everything: work that succeeds and work that fails, in all lanes; wrong passwords and tokens."""
    for lane in ("high", "normal", "low"):
        assert service.estimate("m", {"rows": [{"x": 1}, {"x": 2}]}, lane=lane).status_code == 200
    assert service.estimate("m", {"rows": [{"z": 1}]}).status_code == 422
    assert service.init("m", ROWS, target="y").status_code == 200
    assert service.train("m", params={"num_iterations": 5}).status_code == 200
    assert httpx.post(f"{service.url}/v1/token", auth=("nobody", "wrong")).status_code in (401, 429)
    assert httpx.get(f"{service.url}/v1/tasks", headers={"Authorization": "Bearer x"}).status_code == 401


@contextmanager
def load(service: Service) -> Iterator[None]:
    """Work goes on; what went wrong with it is raised at the end."""

    def go_on(over: threading.Event) -> None:
        while not over.wait(PAUSE_SECONDS):
            work(service)

    assert service.init("m", ROWS, target="y").status_code == 200
    assert service.train("m", params={"num_iterations": 5}).status_code == 200
    with beside(go_on):
        yield


def test_no_query_is_empty_under_load(watched: Service, prometheus: Prometheus) -> None:
    left = queries()

    def all_answered() -> bool:
        for name, query in list(left.items()):
            if prometheus.values(query):
                del left[name]
        return not left

    with load(watched):
        try:
            eventually(all_answered, seconds=60, what="an answer to every query")
        except AssertionError:
            raise AssertionError(f"these give nothing: {left}") from None
        for moving in ("submitted_total", "finished_total", "estimated_rows_total", "logins_refused_total"):
            rate = f"rate(mlservice_{moving}[15s])"
            # Of what is rare, two scrapes have to have seen it.
            eventually(lambda rate=rate: sum(prometheus.values(rate)) > 0, seconds=30, what=moving)  # type: ignore[misc]


def test_what_runs_is_seen_while_it_runs(watched: Service, prometheus: Prometheus) -> None:
    busy = queries()["overview/Busy worker processes/A"]
    eventually(lambda: set(prometheus.values(busy)) == {0.0}, seconds=30, what="idle workers")
    body = {"params": {"iterations": 3000}}
    assert watched.init("slow", ROWS, target="y", estimator="slow").status_code == 200
    train = watched.http.post("/v1/models/slow/train", json=body).headers["Location"]
    eventually(lambda: 1.0 in prometheus.values(busy), seconds=30, what="the train in the panel")
    # Before it, the init was seen in the panel.
    leases = 'mlservice_leases{kind="train",lane="normal"}'
    eventually(lambda: prometheus.values(leases) == [1.0], seconds=30, what="the lease of the train")
    assert watched.http.delete(train).status_code < 300
    eventually(lambda: set(prometheus.values(busy)) == {0.0}, seconds=30, what="its end in the panel")


def test_a_killed_process_of_a_worker_raises_its_alert(watched: Service, prometheus: Prometheus) -> None:
    eventually(partial(prometheus.values, "up"), seconds=30, what="the first scrape")
    assert "ProcessLost" not in prometheus.raised()
    # A process that trains is there while there is work, and for a while after it.
    assert watched.init("before", ROWS, target="y").status_code == 200
    parents = {process.pid: process.parent for process in processes()}
    worker = program_status(watched.home.service())["worker-train"].pid
    os.kill(next(pid for pid, parent in parents.items() if parent == worker), signal.SIGKILL)
    eventually(lambda: "ProcessLost" in prometheus.raised(), seconds=40, what="the alert")
    assert prometheus.values('mlservice_fleet_processes_lost_total{fleet="train"}') == [1.0]
    assert sum(prometheus.values("mlservice_fleet_lost_total")) == 0


def test_a_killed_worker_raises_its_alert(watched: Service, prometheus: Prometheus) -> None:
    eventually(partial(prometheus.values, "up"), seconds=30, what="the first scrape")
    assert "MemberLost" not in prometheus.raised()
    os.killpg(program_status(watched.home.service())["worker-estimate"].pid, signal.SIGKILL)
    eventually(lambda: "MemberLost" in prometheus.raised(), seconds=40, what="the alert")
    lost = prometheus.values('mlservice_fleet_lost_total{fleet="estimate"}')
    assert lost == [1.0]
    eventually(
        lambda: prometheus.values('mlservice_fleet_members{fleet="estimate"}') == [1.0], seconds=30, what="its return"
    )


def test_a_restart_loses_nobody(watched: Service) -> None:
    key, counters = FLEET_KEY.format(fleet="gateway"), [f"{LOST}:gateway", f"{LOST}:train"]
    with watched.master() as client:
        before: Any = client.hmget(COUNTS_KEY, counters)
        old: Any = client.hkeys(key)
        command = (MLSERVICE, "restart", "gateway", "worker-train", "--home", watched.home.root)
        subprocess.run(command, check=True, capture_output=True)
        eventually(lambda: not any(client.hmget(key, old)), seconds=30, what="the leave of the old processes")
        assert client.hmget(COUNTS_KEY, counters) == before
