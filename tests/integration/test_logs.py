"""Every process of the service writes one line of JSON an event, and one id leads from NGINX to the worker."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from infra.commands.status import program_status
from tests.harmful import SETTING
from tests.servers import eventually
from tests.service import Service

#: Logs of programs that are not ours and have a format of their own.
FOREIGN: Final = {"valkey.log", "nginx-errors.log"}
REQUIRED: Final = {"time", "level", "program", "pid", "logger", "message"}
ROWS: Final = {"rows": [{"x": x, "y": 2 * x} for x in range(50)]}
MODEL: Final = "logged"
#: How much NGINX gathers before it writes to its access log.
BUFFER_BYTES: Final = 256 * 1024


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with Service(env={**SETTING, "MLSERVICE_LOG_LEVEL": "debug"}, within=tmp_path_factory.mktemp("logs")) as service:
        assert service.init(MODEL, ROWS, target="y", estimator="harmful").status_code == 200
        assert service.train(MODEL).status_code == 200
        yield service


def lines(service: Service, name: str) -> list[dict[str, Any]]:
    """The lines of one log. Raises ValueError for one that is no JSON object."""
    path: Path = service.home.logs / f"{name}.log"
    found = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert all(isinstance(line, dict) for line in found)
    return found


def line_of(service: Service, name: str, **fields: Any) -> dict[str, Any]:
    """The line of a log that has these fields, once it is there."""

    def look() -> list[dict[str, Any]]:
        return [line for line in lines(service, name) if fields.items() <= line.items()]

    return eventually(look, seconds=15, what=f"{fields} in {name}.log")[0]


@pytest.mark.integration
def test_a_request_is_found_by_its_id_in_every_log(stack: Service) -> None:
    headers = {"X-Request-Id": "order-66", "Prefer": "wait=30"}
    body = {"rows": [{"x": "no-such-number"}]}
    answer = stack.http.post(f"/v1/models/{MODEL}/estimate", json=body, headers=headers)
    assert answer.status_code == 422
    task = answer.headers["Location"].rsplit("/", 1)[1]
    said = line_of(stack, "worker-estimate", request_id="order-66", reason="InvalidRows")
    # The version that was current, since the request names none.
    about = {"task_id": task, "owner": "admin", "model": MODEL, "version": 1, "kind": "estimate", "lane": "normal"}
    assert about.items() <= said.items()
    assert said["level"] == "info"
    access = line_of(stack, "nginx", request_id="order-66")
    assert (access["status"], access["path"], access["method"]) == (422, f"/v1/models/{MODEL}/estimate", "POST")
    assert not any("no-such-number" in path.read_text() for path in stack.home.logs.iterdir())


@pytest.mark.integration
def test_an_error_of_the_gateway_has_the_id_of_its_request(stack: Service) -> None:
    with stack.halted("valkey"):
        answer = stack.http.get("/v1/models", headers={"X-Request-Id": "while-away"})
        assert answer.status_code == 503
    said = line_of(stack, "gateway", request_id="while-away")
    assert (said["level"], said["method"], said["path"], said["owner"]) == ("warning", "GET", "/v1/models", "admin")
    line_of(stack, "nginx", request_id="while-away", status=503)


@pytest.mark.integration
def test_an_estimator_that_raises_is_logged_with_its_traceback(stack: Service) -> None:
    answer = stack.train(MODEL, params={"factor": "none"})
    assert answer.status_code == 500
    task = answer.headers["Location"].rsplit("/", 1)[1]
    said = line_of(stack, "worker-train", task_id=task, message="an estimator raised")
    assert said["error"].startswith("Traceback")
    assert said["request_id"]
    failed = line_of(stack, "worker-train", task_id=task, reason="EstimatorFailed")
    assert failed["level"] == "warning"


@pytest.mark.integration
def test_versions_and_logins_are_logged(stack: Service) -> None:
    stored = line_of(stack, "worker-train", model=MODEL, version=1)
    assert stored["message"] == f"version 1 of {MODEL} is stored and current"
    assert stack.http.post(f"/v1/models/{MODEL}/versions/1/promote").status_code == 200
    line_of(stack, "gateway", model=MODEL, version=1, owner="admin")
    with httpx.Client(base_url=stack.url) as client:
        assert client.post("/v1/token", auth=("admin", "wrong-password")).status_code == 401
        assert client.post("/v1/token", auth=("My-Secret-1", "x")).status_code == 401
        token = stack.token()
        client.delete("/v1/token", headers={"Authorization": f"Bearer {token}"}).raise_for_status()
    line_of(stack, "gateway", message="a login was refused", owner="admin", address="127.0.0.1")
    eventually(lambda: [line for line in lines(stack, "gateway") if "revoked" in line["message"]], what="the word")
    logged = (stack.home.logs / "gateway.log").read_text()
    assert "wrong-password" not in logged
    assert "My-Secret-1" not in logged
    assert token not in logged


@pytest.mark.integration
def test_nginx_waits_for_no_reader_of_its_log(stack: Service) -> None:
    said = os.open(f"/proc/{program_status(stack.home.service())['nginx'].pid}/fd/1", os.O_WRONLY | os.O_NONBLOCK)
    try:
        assert fcntl.fcntl(said, fcntl.F_GETPIPE_SZ) >= 4 * BUFFER_BYTES
    finally:
        os.close(said)
    conf = (stack.home.run / "nginx.conf").read_text()
    assert f"access_log /dev/stdout answered buffer={BUFFER_BYTES // 1024}k " in conf


@pytest.mark.integration
def test_every_line_is_json(stack: Service) -> None:
    stack.wait_for_flower()
    worker = program_status(stack.home.service())["worker-train"].pid
    os.killpg(worker, signal.SIGKILL)
    eventually(lambda: "worker-train" in (stack.home.logs / "supervisord.log").read_text().rpartition("SIGKILL")[2])
    for path in stack.home.logs.iterdir():
        if path.name in FOREIGN:
            continue
        found = lines(stack, path.stem)
        assert found or path.name == "supervisord-errors.log", path.name
        for line in found:
            assert line.keys() >= REQUIRED, (path.name, line)
            assert datetime.fromisoformat(line["time"]).tzinfo is not None
            assert line["level"] in ("debug", "info", "warning", "error", "critical"), (path.name, line)
    for program in ("gateway", "worker-estimate", "worker-train", "worker-system", "flower"):
        starts = [line for line in lines(stack, program) if line["message"].startswith(f"{program} starts: mlservice ")]
        assert starts, program
