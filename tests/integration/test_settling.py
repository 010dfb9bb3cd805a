"""What fails for a while just after the service is ready does not end it."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import httpx
import pytest

from infra.commands.status import program_status
from infra.host.home import Home
from tasks.contract import NO_ACCOUNT
from tests.servers import Process, Valkey, eventually, free_port
from tests.service import MLSERVICE

#: A user of Redis who may do everything but look after accounts.
NO_ACCOUNTS: Final = ("~ml:[^u]*", "~ml:u[^s]*", "~[^m]*", "~", "&*", "+@all")


@pytest.fixture
def home(tmp_path: Path) -> Home:
    return Home(tmp_path / "home")


@pytest.fixture
def outside() -> Iterator[Valkey]:
    """A Redis of one's own."""
    with Valkey() as server:
        yield server


def test_the_first_account_is_added_as_soon_as_redis_takes_it(outside: Valkey, home: Home, tmp_path: Path) -> None:
    url = outside.redis_url.replace("unix://", "unix://svc:word@")
    up = Process(
        (MLSERVICE, "up", "--home", str(home.root), "--port", "0"),
        output=tmp_path / "up.log",
        env={"REDIS_URL": url},
        cwd=tmp_path,
        grace_seconds=30,
    )
    with outside.client() as master:
        master.execute_command("ACL", "SETUSER", "svc", "reset", "on", ">word", *NO_ACCOUNTS)
        with up:
            up.wait_for("it is tried again", seconds=60)
            # Longer than the time between two tries.
            time.sleep(2.5)
            assert up.popen.poll() is None, up.output
            assert up.output.count("the first account could not be added") == 1
            assert "is ready" not in up.output
            address = json.loads((home.run / "service.json").read_text())["url"]
            assert httpx.get(f"{address}/health/live").status_code == 200
            unready = httpx.get(f"{address}/health/ready")
            assert unready.status_code == 503
            assert NO_ACCOUNT in unready.json()["detail"]
            # What has nothing to do with accounts was not kept waiting.
            eventually(lambda: program_status(home.service())["worker-train"].pid, what="the train worker")
            master.execute_command("ACL", "SETUSER", "svc", "~*")
            up.wait_for("is ready", seconds=20)
            login = ("admin", home.admin_password.read_text().strip())
            assert httpx.post(f"{address}/v1/token", auth=login).status_code == 200


def test_who_hears_that_it_is_ready_is_let_in(home: Home, tmp_path: Path) -> None:
    """Not only who reads what `up` prints."""
    port = free_port()
    command = (MLSERVICE, "up", "--home", str(home.root), "--port", str(port))
    address = f"http://127.0.0.1:{port}"
    with Process(command, output=tmp_path / "up.log", cwd=tmp_path, grace_seconds=30):
        eventually(lambda: ready(address), seconds=60, what="readiness")
        login = ("admin", home.admin_password.read_text().strip())
        assert httpx.post(f"{address}/v1/token", auth=login, timeout=30).status_code == 200
        for path in ("/health/ready", "/openapi.yml", "/"):
            plain = {"Accept-Encoding": "identity"}
            get, head = (httpx.request(method, address + path, headers=plain, timeout=30) for method in ("GET", "HEAD"))
            assert (head.status_code, head.content) == (get.status_code, b"")
            assert head.headers.keys() == get.headers.keys()


def ready(address: str) -> bool:
    """Whether it says so."""
    try:
        return httpx.get(f"{address}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False
