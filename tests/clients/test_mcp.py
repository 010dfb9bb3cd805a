"""The endpoint for agents, called by the official SDK's client: what each tool gives, and whom it lets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from gateway.identity.scopes import SCOPES, VIEWING
from infra.commands.status import program_status
from tests import sessions
from tests.integration.test_auth import add
from tests.service import Service

pytestmark = pytest.mark.integration

PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "mcp.md"
ROOT: Final = "/apps/ml"
ORIGIN: Final = "https://agents.example"
ROWS: Final = [{"x": x, "kind": "ab"[x % 2], "y": 2 * x} for x in range(60)]
ONE: Final = [{"x": 3, "kind": "a"}]
#: Each tool with what it is asked here, and a scope that lets it; None: every account.
TOOLS: Final[dict[str, tuple[dict[str, Any], str | None]]] = {
    "list_models": ({}, None),
    "describe": ({"model": "sums"}, "estimate"),
    "init": ({"model": "other", "target": "y", "rows": ROWS, "wait_seconds": 0}, "init"),
    "train": ({"model": "sums", "wait_seconds": 0}, "train"),
    "estimate": ({"model": "sums", "rows": ONE}, "estimate"),
    "explain": ({"model": "sums", "rows": ONE}, "estimate"),
    "status": ({"task": "0" * 32 + "-0"}, "tasks:read"),
}


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """A service below a root path, with the endpoint and a model."""
    env = {"MLSERVICE_MCP": "true", "MLSERVICE_ROOT_PATH": ROOT, "MLSERVICE_CORS_ORIGINS": ORIGIN}
    with Service(env=env) as running:
        running.init("sums", {"rows": ROWS}, target="y").raise_for_status()
        running.train("sums", params={"num_iterations": 5}).raise_for_status()
        yield running


@asynccontextmanager
async def connected(service: Service, token: str, mode: str = "auto") -> AsyncIterator[Client]:
    async with httpx2.AsyncClient(headers={"Authorization": f"Bearer {token}"}, timeout=90) as http:
        transport = streamable_http_client(f"{service.url}/mcp", http_client=http)
        async with Client(transport, mode=mode) as client:
            yield client


def refusal(told: Any) -> str:
    """What a tool complains of; nothing if it did what it was asked for."""
    return str(told.content[0].text) if told.is_error else ""


def test_it_is_begun_when_somebody_calls() -> None:
    with Service(env={"MLSERVICE_MCP": "true"}) as running:
        assert not program_status(running.home.service())["mcp"].pid
        answer = httpx.get(f"{running.url}/mcp")
        assert (answer.status_code, answer.headers["www-authenticate"]) == (401, 'Bearer realm="mlservice"')
        assert program_status(running.home.service())["mcp"].pid


@pytest.mark.parametrize("mode", ["auto", "legacy"])
def test_from_a_table_to_a_reason(service: Service, mode: str) -> None:
    model = f"went-{mode}"

    async def look() -> None:
        async with connected(service, service.token(), mode) as client:
            offered = {tool.name: tool for tool in (await client.list_tools()).tools}
            assert offered.keys() == TOOLS.keys()
            assert offered["estimate"].input_schema["required"] == ["model", "rows"]
            made = await client.call_tool("init", {"model": model, "target": "y", "csv": _csv()})
            assert made.structured_content["result"]["rows"] == len(ROWS)
            begun = await client.call_tool(
                "train", {"model": model, "params": {"num_iterations": 9}, "wait_seconds": 0}
            )
            task = begun.structured_content["task"]
            over = await client.call_tool("status", {"task": task, "wait_seconds": 60})
            assert (over.structured_content["state"], over.structured_content["result"]["version"]) == ("succeeded", 1)
            told = await client.call_tool("explain", {"model": model, "rows": ONE, "version": 1})
            want = service.estimate(model, {"rows": ONE}, explain="true").json()
            got = told.structured_content["result"]
            assert (got["predictions"], got["contributions"]) == (want["predictions"], want["contributions"])
            listed = await client.call_tool("list_models", {})
            assert model in [one["model"] for one in listed.structured_content["models"]]
            version = await client.call_tool("describe", {"model": model, "version": 1})
            assert version.structured_content["params"] == {"num_iterations": 9}

    asyncio.run(look())


def _csv() -> str:
    return "x,kind,y\n" + "".join(f"{row['x']},{row['kind']},{row['y']}\n" for row in ROWS)


def test_what_is_wrong_is_said_so_that_it_can_be_mended(service: Service) -> None:
    wrong: dict[str, tuple[str, dict[str, Any]]] = {
        "404: there is no model 'nope'": ("describe", {"model": "nope"}),
        "cannot be a name": ("describe", {"model": "../tasks"}),
        "column 'x': is 'many' where a number belongs": ("estimate", {"model": "sums", "rows": [{"x": "many"}]}),
        "rows, csv or source": ("init", {"model": "m", "target": "y"}),
        "in one way": ("init", {"model": "m", "target": "y", "rows": ROWS, "csv": _csv()}),
        "wait_seconds": ("train", {"model": "sums", "wait_seconds": -1}),
        "promote": ("train", {"model": "sums", "promote": "perhaps"}),
        "num_leaves": ("train", {"model": "sums", "params": {"num_leaves": -3}}),
        "there is no task": ("status", {"task": "none"}),
    }

    async def look() -> None:
        async with connected(service, service.token()) as client:
            for said, (tool, arguments) in wrong.items():
                told = await client.call_tool(tool, arguments)
                assert said in refusal(told), (said, refusal(told))

    asyncio.run(look())


@pytest.mark.parametrize("scope", SCOPES)
def test_whom_each_tool_lets(service: Service, scope: str) -> None:
    token = add(service, f"agent-{scope.replace(':', '-')}", scope).token

    async def look() -> None:
        async with connected(service, token) as client:
            for tool, (arguments, needed) in TOOLS.items():
                said = refusal(await client.call_tool(tool, arguments))
                lets = needed is None or scope in (needed, "admin") or (tool == "describe" and scope in VIEWING)
                assert ("403: " in said) == (not lets), (tool, said)

    asyncio.run(look())


def test_who_is_not_let_in(service: Service) -> None:
    token, url = service.token(), f"{service.url}/mcp"
    asked = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
    takes = {"Accept": "application/json, text/event-stream", "Authorization": f"Bearer {token}"}
    for method in ("GET", "POST", "DELETE"):
        answer = httpx.request(method, url, headers={**takes, "Authorization": "Bearer none"})
        assert answer.status_code == 401
        assert 'error="invalid_token"' in answer.headers["www-authenticate"]
    assert httpx.post(url, json=asked, headers=takes).status_code == 200
    assert httpx.post(url, json=asked, headers={**takes, "Origin": ORIGIN}).status_code == 200
    other = httpx.post(url, json=asked, headers={**takes, "Origin": "https://other.example"})
    assert (other.status_code, "MLSERVICE_CORS_ORIGINS" in other.json()["detail"]) == (403, True)
    large = httpx.post(url, content=b" " * (1024 * 1024 + 1), headers=takes)
    assert (large.status_code, "1048576" in large.json()["detail"]) == (413, True)
    httpx.delete(f"{service.url}/v1/token", headers=takes).raise_for_status()
    assert httpx.post(url, json=asked, headers=takes).status_code == 401


def test_the_page(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TOKEN", service.token())
    (written,) = sessions.run(sessions.steps(PAGE, "mcp"), url=service.url, folder=tmp_path, seconds=60)
    assert written.strip() == "succeeded 1"
