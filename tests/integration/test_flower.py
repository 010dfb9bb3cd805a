"""Flower behind the accounts of the service."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tasks.contract import PROBLEM
from tests.integration.test_auth import Caller, add, command
from tests.problems import refused
from tests.servers import eventually
from tests.service import Service


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
        assert answer.headers["WWW-Authenticate"] == 'Basic realm="mlservice", charset="UTF-8"'
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


def test_an_administrator_is_let_through_to_flower(service: Service) -> None:
    answer = service.http.post("/flower/api/worker/shutdown/nobody")
    assert answer.headers.get("Content-Type") != PROBLEM
    assert answer.status_code in (403, 404), "Flower knows no worker of this name, or changes nothing at all"


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


def test_a_removed_account_is_out_at_once(service: Service) -> None:
    leaver = add(service, "watching-leaver", "monitor")
    for _ in range(10):
        assert by_password(service, leaver, "GET", "/flower/").status_code == 200
    command(service, "user", "remove", "watching-leaver")
    eventually(lambda: by_password(service, leaver, "GET", "/flower/").status_code == 401, seconds=2, what="the end")
    for _ in range(3):
        assert by_password(service, leaver, "GET", "/flower/").status_code == 401


def test_nobody_gets_in_beside_nginx(service: Service) -> None:
    sockets = Path(service.home.service().sockets)
    assert sockets.stat().st_mode & 0o077 == 0
    transport = httpx.HTTPTransport(uds=str(sockets / "flower.sock"))
    with httpx.Client(transport=transport, base_url="http://flower") as beside:
        for path in ("/flower/", "/flower/api/tasks"):
            assert beside.get(path).status_code == 401
            assert beside.get(path, auth=("admin", service.home.secret("admin.password"))).status_code == 401


def test_metrics_are_for_watchers(service: Service, watcher: Caller) -> None:
    """Whether the gateway has any is its own affair."""
    answer = watcher.ask("GET", "/metrics")
    assert answer.status_code in (200, 404)
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
