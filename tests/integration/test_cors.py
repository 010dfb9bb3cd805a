"""Pages of other sites that may call the API, and those that may not: what browsers go by, from NGINX alone."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from tasks.config.settings import Settings
from tests.nginx import Nginx, Request

APP: Final = "https://app.example"
LOCAL: Final = "http://localhost:3000"
ASKS: Final = {"Access-Control-Request-Method": "POST", "Access-Control-Request-Headers": "authorization,prefer"}


def _answer(request: Request) -> None:
    if request.path == "/v1/broken":
        request.connection.shutdown(socket.SHUT_RDWR)
    else:
        request.say(200, b"{}", Location="/v1/tasks/1", Vary="Accept")


@pytest.fixture(scope="module")
def nginx() -> Iterator[Nginx]:
    with Nginx(Settings(cors_origins=f"{APP}, {LOCAL}"), gateway=_answer) as running:
        yield running


@pytest.fixture(scope="module")
def closed() -> Iterator[Nginx]:
    with Nginx(Settings(), gateway=_answer) as running:
        yield running


@pytest.fixture(scope="module")
def open_to_all() -> Iterator[Nginx]:
    with Nginx(Settings(cors_origins="*"), gateway=_answer) as running:
        yield running


def ask(nginx: Nginx, path: str, origin: str, *, method: str = "GET", **headers: str) -> httpx.Response:
    return httpx.request(method, f"{nginx.url}{path}", headers={"Origin": origin, **headers}, timeout=10)


@pytest.mark.parametrize("origin", [APP, LOCAL])
@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/v1/models", 200),
        ("/v1/models/m/versions/1/report", 200),
        ("/v1/broken", 502),
        ("/internal/x", 404),
    ],
)
def test_pages_of_these_origins_may_read_answers(nginx: Nginx, origin: str, path: str, status: int) -> None:
    answer = ask(nginx, path, origin)
    assert answer.status_code == status
    assert answer.headers.get_list("Access-Control-Allow-Origin") == [origin]
    exposed = answer.headers["Access-Control-Expose-Headers"].split(", ")
    assert {"Location", "Retry-After", "ETag", "X-Request-Id"} <= set(exposed)
    assert "Origin" in answer.headers["Vary"]
    assert "Access-Control-Allow-Credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin",
    [
        "https://app.example.evil",
        "https://evil-app.example",
        "http://app.example",
        "https://app.example:8443",
        "http://localhost",
        "null",
        f"{APP}, {LOCAL}",
    ],
)
def test_pages_of_others_may_not(nginx: Nginx, origin: str) -> None:
    for answer in (ask(nginx, "/v1/models", origin), ask(nginx, "/v1/models", origin, method="OPTIONS", **ASKS)):
        assert not any(name.startswith("access-control") for name in answer.headers)
        # A cache keeps this for nobody else.
        assert "Origin" in answer.headers["Vary"]


def test_who_is_no_page_of_another_site_sees_nothing_of_it_but_for_caches(nginx: Nginx) -> None:
    answer = nginx.get("/v1/models")
    assert not any(name.startswith("access-control") for name in answer.headers)
    assert {"Accept", "Origin"} <= {name.strip() for name in answer.headers["Vary"].split(",")}


def test_what_a_browser_asks_before_is_answered_without_the_gateway(nginx: Nginx) -> None:
    before = len(nginx.seen)
    answer = ask(nginx, "/v1/models/m/estimate", APP, method="OPTIONS", **ASKS)
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["Access-Control-Allow-Origin"] == APP
    assert {"POST", "DELETE", "PATCH"} <= set(answer.headers["Access-Control-Allow-Methods"].split(", "))
    assert {"Authorization", "Prefer"} <= set(answer.headers["Access-Control-Allow-Headers"].split(", "))
    assert int(answer.headers["Access-Control-Max-Age"]) > 0
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert len(nginx.seen) == before
    # OPTIONS that asks for nothing of the kind is the gateway's.
    ask(nginx, "/v1/models", APP, method="OPTIONS")
    assert nginx.seen[-1].command == "OPTIONS"


def test_without_the_setting_nothing_is_said(closed: Nginx) -> None:
    for answer in (ask(closed, "/v1/models", APP), ask(closed, "/v1/models", APP, method="OPTIONS", **ASKS)):
        assert not any(name.startswith("access-control") for name in answer.headers)
        assert "Origin" not in answer.headers.get("Vary", "")


def test_all_origins_are_one_answer_for_all(open_to_all: Nginx) -> None:
    for answer in (open_to_all.get("/v1/models"), ask(open_to_all, "/v1/models", "null")):
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        assert "Access-Control-Allow-Credentials" not in answer.headers
        assert "Origin" not in answer.headers["Vary"]
    asked = ask(open_to_all, "/v1/models", "https://anybody.example", method="OPTIONS", **ASKS)
    assert (asked.status_code, asked.headers["Access-Control-Allow-Origin"]) == (204, "*")


def test_pages_of_the_service_itself_are_for_no_other_site(nginx: Nginx) -> None:
    for path in ("/console/api.js", "/console/report.html", "/docs", "/"):
        assert "Access-Control-Allow-Origin" not in ask(nginx, path, APP, Accept="text/html").headers, path
