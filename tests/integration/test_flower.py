"""Flower behind the accounts of the service."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import redis

from gateway.identity.session import PAGE
from infra.commands.status import program_status
from infra.host.control import ProgramState, Supervisor
from tasks.contract import QUEUES, TASKS, Lane
from tasks.redis_keys import LOOKED_KEY
from tests.hearing import everywhere
from tests.integration.test_auth import FORGERIES, Caller, add, ask, command, forged
from tests.problems import refused
from tests.servers import eventually
from tests.service import Service

LANES = [lane.value for lane in Lane]


@pytest.fixture(scope="module", autouse=True)
def flower(service: Service) -> None:
    """Flower runs."""
    service.wait_for_flower()


@pytest.fixture(scope="module")
def watcher(service: Service) -> Iterator[Caller]:
    """An account that may look."""
    yield add(service, "watcher", "monitor")
    command(service, "user", "remove", "watcher")


def by_password(service: Service, caller: Caller, method: str, path: str) -> httpx.Response:
    return httpx.request(method, service.url + path, auth=(caller.name, caller.password))


def test_a_browser_is_asked_for_a_password(service: Service) -> None:
    for path in ("/flower/", "/flower/static/css/flower.css", "/flower/api/tasks", "/metrics"):
        answer = httpx.get(service.url + path)
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"].endswith('Basic realm="mlservice", charset="UTF-8"')
        assert httpx.get(service.url + path, auth=("watcher", "wrong")).status_code == 401


def test_a_watcher_sees_everything(service: Service, watcher: Caller) -> None:
    for path in ("/flower/", "/flower/tasks", "/flower/broker", "/flower/api/workers", "/flower/static/js/flower.js"):
        assert watcher.ask("GET", path).status_code == 200, path
        assert by_password(service, watcher, "GET", path).status_code == 200, path
    form = {"draw": "1", "start": "0", "length": "10", "search[value]": "", "order[0][column]": "0"}
    form |= {"order[0][dir]": "asc", "columns[0][data]": "name"}
    table = watcher.ask("POST", "/flower/tasks/datatable", data=form)
    assert table.status_code == 200, table.text
    assert "data" in table.json()


def test_a_watcher_changes_nothing(service: Service, watcher: Caller) -> None:
    for path in ("/flower/api/worker/shutdown/x", "/flower/api/task/async-apply/tasks.canary"):
        refused(watcher.ask("POST", path), 403, "admin")
        refused(by_password(service, watcher, "POST", path), 403, "admin")


def test_the_broker_page_shows_the_lanes_from_the_start(service: Service, watcher: Caller) -> None:
    """Also those of a worker that does not answer then."""
    with service.halted("worker-train"):
        command(service, "restart", "flower")
        service.wait_for_flower()
    assert [queue for queue, _ in depths(watcher)] == [f"{queue}, {lane}" for queue in QUEUES for lane in LANES]
    lengths = watcher.ask("GET", "/flower/api/queues/length").json()["active_queues"]
    assert [row["name"] for row in lengths] == [queue for queue, _ in depths(watcher)]


def test_upkeep_is_not_remembered(service: Service, watcher: Caller) -> None:
    """It would soon be all that Flower remembers."""
    assert service.http.get("/health/ready").status_code == 200
    client = redis.Redis.from_url(service.redis_url)
    with client:
        looked = client.get(LOOKED_KEY)
        eventually(lambda: client.get(LOOKED_KEY) != looked, seconds=20, what="another look of the upkeep")
    # What came before this one is known as well.
    group = service.http.post("/v1/models/nobody/train", json={}).json()["id"].partition("-")[0]
    eventually(lambda: watcher.ask("GET", f"/flower/api/task/info/{group}").status_code == 200, what="the task")
    tasks = watcher.ask("GET", "/flower/api/tasks").json().values()
    assert {task["name"] for task in tasks} <= set(TASKS.values())


def test_it_runs_while_somebody_looks_and_knows_what_was_before(service: Service, watcher: Caller) -> None:
    group = service.http.post("/v1/models/nobody/train", json={}).json()["id"].partition("-")[0]
    task = f"/flower/api/task/info/{group}"
    eventually(lambda: '"FAILURE"' in watcher.ask("GET", task).text, what="the end of the task")
    first = state(service)
    os.kill(first.pid, signal.SIGTERM)
    eventually(lambda: not state(service).pid, what="the end of Flower")
    assert command(service, "restart", "flower").count("when somebody asks for it") == 1
    assert state(service).state == "EXITED"
    found = watcher.ask("GET", task).json()
    assert (found["state"], found["name"]) == ("FAILURE", "tasks.train")
    assert "nobody" in found["kwargs"]
    assert state(service).pid not in (0, first.pid)


def state(service: Service) -> ProgramState:
    states = Supervisor(Path(service.home.service().sockets)).states()
    return next(found for found in states if found.name == "flower")


def test_buttons_are_for_who_may_press_them(service: Service, watcher: Caller) -> None:
    worker = next(name for name in service.http.get("/flower/api/workers?refresh=1").json() if "train@" in name)
    path = f"/flower/worker/{worker}"
    for button in ("worker-shutdown", "worker-pool-grow"):
        assert f'id="{button}"' in service.http.get(path).text
        # Whatever it says of itself.
        assert f'id="{button}"' not in watcher.ask("GET", path, headers={"X-Controls": "yes"}).text
        assert f'id="{button}"' not in by_password(service, watcher, "GET", path).text


def test_an_administrator_controls_workers(service: Service) -> None:
    """A fleet whose processes come with work, and one whose processes are workers each."""

    def called(beginning: str) -> str:
        workers = service.http.get("/flower/api/workers?refresh=1").json()
        return next((name for name in workers if name.startswith(beginning)), "")

    train, estimate = (eventually(lambda: called(name), what=name) for name in ("train@", "estimate-1@"))  # noqa: B023

    def most_of(worker: str) -> int:
        stats = service.http.get(f"/flower/api/workers?refresh=1&workername={worker}").json()
        return int(stats[worker]["stats"]["pool"]["max-concurrency"])

    def processes_in(_: str) -> int:
        return program_status(service.home.service())["worker-estimate"].processes - 1

    for worker, count in ((train, most_of), (estimate, processes_in)):
        before = count(worker)
        for way, after in (("grow", before + 1), ("shrink", before)):
            answer = service.http.post(f"/flower/api/worker/pool/{way}/{worker}", data={"n": "1"})
            assert answer.status_code == 200, answer.text
            eventually(lambda: count(worker) == after, what=f"{after} processes of {worker}")  # noqa: B023


def test_tasks_are_not_for_flower(service: Service) -> None:
    """Not even for an administrator: the ledger would not know."""
    for path in ("async-apply/tasks.canary", "apply/tasks.train", "send-task/tasks.train", "revoke/x", "abort/x"):
        answer = service.http.post(f"/flower/api/task/{path}", json={})
        assert (answer.status_code, "DELETE /v1/tasks/ID" in answer.text) == (403, True)


def test_the_broker_page_shows_the_lanes(service: Service, watcher: Caller) -> None:
    with service.halted("worker-train"):
        for lane, times in (("high", 1), ("low", 2)):
            for _ in range(times):
                answer = service.http.post(f"/v1/models/nobody/train?lane={lane}", json={})
                assert answer.status_code == 202
        # The worker had asked for one message before it stood still.
        assert sum(count for queue, count in depths(watcher) if queue.startswith("train")) in (2, 3)


def depths(watcher: Caller) -> list[tuple[str, int]]:
    """The queues on Flower's page, with the number of messages."""
    rows = re.findall(r"<td>(\w+, \w+)</td>\s*<td[^>]*>\D*(\d+)", watcher.ask("GET", "/flower/broker").text)
    return [(queue, int(count)) for queue, count in rows]


@contextmanager
def signed_in(service: Service, caller: Caller) -> Iterator[httpx.Client]:
    """A browser with the cookie of this caller, and nothing else."""
    answer = caller.ask("POST", "/v1/session", headers={PAGE: "1"})
    assert answer.status_code == 200, answer.text
    with httpx.Client(base_url=service.url, cookies=answer.cookies) as browser:
        yield browser


def test_a_cookie_opens_flower_and_of_the_api_nothing_by_itself(service: Service, watcher: Caller) -> None:
    form = {"draw": "1", "start": "0", "length": "10", "order[0][column]": "0", "columns[0][data]": "name"}
    with signed_in(service, watcher) as browser:
        (name, passed) = next(iter(browser.cookies.items()))
        for path in (
            "/flower/",
            "/flower/tasks",
            "/flower/broker",
            "/flower/api/workers",
            "/flower/static/js/flower.js",
        ):
            assert browser.get(path).status_code == 200, path
        assert browser.post("/flower/tasks/datatable", data=form).status_code == 200
        refused(browser.post("/flower/api/worker/shutdown/x"), 403, "admin")
        for path in ("/v1/models", "/v1/queues", "/metrics"):
            for headers in ({"Cookie": f"{name}={passed}"}, {"Authorization": f"Bearer {passed}"}):
                refused(httpx.get(service.url + path, headers=headers), 401)


def test_signing_out_ends_flower(service: Service) -> None:
    leaver = add(service, "signing-out", "monitor")
    with signed_in(service, leaver) as browser:
        # All gateway processes know it.
        for _ in range(10):
            assert browser.get("/flower/").status_code == 200
        done = leaver.ask("DELETE", "/v1/token")
        assert done.status_code == 204
        assert re.search(r"^mlservice-session-\d+=;.* Path=/;", done.headers["Set-Cookie"].replace('""', ""))
        everywhere(lambda: browser.get("/flower/").status_code, 401)
        answer = browser.get("/flower/")
        refused(answer, 401, "sign in at /")
        assert "Basic" not in answer.headers["WWW-Authenticate"]
    command(service, "user", "remove", "signing-out")


def test_pages_of_others_have_no_use_of_the_cookie(service: Service) -> None:
    """Also not those of another port of this host, to which browsers send it."""
    admin = add(service, "second-admin", "admin")
    with signed_in(service, admin) as browser:
        assert browser.post("/flower/api/worker/pool/grow/nobody", data={"n": "1"}).status_code == 404
        for headers in ({"Origin": "http://127.0.0.1:1"}, {"Sec-Fetch-Site": "same-site"}):
            assert browser.post("/flower/api/worker/pool/grow/nobody", headers=headers).status_code == 403
    command(service, "user", "remove", "second-admin")


def test_other_sites_do_not_change_anything(service: Service) -> None:
    for headers in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        answer = service.http.post("/flower/api/worker/shutdown/nobody", headers=headers)
        assert answer.status_code == 403
        assert "Access-Control-Allow-Origin" not in answer.headers


def test_others_see_nothing(service: Service) -> None:
    guesser = add(service, "no-watcher", "estimate", "tasks:read")
    for path in ("/flower/", "/flower/api/tasks", "/metrics"):
        refused(guesser.ask("GET", path), 403, "monitor")
        refused(by_password(service, guesser, "GET", path), 403, "monitor")
    command(service, "user", "remove", "no-watcher")


@pytest.mark.parametrize("change", [change for change, _ in FORGERIES.values()], ids=FORGERIES.keys())
def test_a_bad_token_opens_nothing(service: Service, change: dict[str, Any]) -> None:
    for method, path in (
        ("GET", "/flower/"),
        ("GET", "/flower/api/workers"),
        ("POST", "/flower/api/worker/shutdown/x"),
    ):
        answer = ask(service, method, path, forged(service, **change))
        refused(answer, 401)
        assert answer.headers["WWW-Authenticate"].startswith('Bearer realm="mlservice", error="invalid_token"')


def test_a_removed_account_is_out_at_once(service: Service) -> None:
    leaver = add(service, "watching-leaver", "monitor")
    for _ in range(10):
        assert by_password(service, leaver, "GET", "/flower/").status_code == 200
    command(service, "user", "remove", "watching-leaver")
    # So few that they are not slowed down as guesses of a password.
    everywhere(lambda: by_password(service, leaver, "GET", "/flower/").status_code, 401, many=3)


def test_nobody_gets_in_beside_nginx(service: Service) -> None:
    sockets = Path(service.home.service().sockets)
    assert sockets.stat().st_mode & 0o077 == 0
    transport = httpx.HTTPTransport(uds=str(sockets / "flower.sock"))
    with httpx.Client(transport=transport, base_url="http://flower") as beside:
        for path in ("/flower/", "/flower/api/tasks"):
            assert beside.get(path).status_code == 401
            assert beside.get(path, auth=("admin", service.home.secret("admin.password"))).status_code == 401


def test_metrics_are_for_watchers(service: Service, watcher: Caller) -> None:
    answer = watcher.ask("GET", "/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
