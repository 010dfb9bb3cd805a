"""`mlservice up`: what it starts, heals, tells and leaves behind."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from gateway.identity import keyfile
from infra.commands.status import program_status
from infra.host.control import Supervisor
from infra.host.gateway_sockets import gateway_processes, gateway_sockets
from infra.host.process_tree import PROC, processes
from infra.supervision.readiness import READY_SECONDS
from tasks.config.settings import Settings
from tasks.contract import FLEETS
from tasks.ledger.fleet import members
from tests.commands import add_account, mlservice, said
from tests.servers import children_of, eventually
from tests.service import IDLE_BYTES, MLSERVICE, Service

pytestmark = pytest.mark.integration

#: What programs hold has settled when it is the same after so long (seconds).
BETWEEN_SECONDS: Final = 1.0


@pytest.fixture(scope="module")
def manager() -> Iterator[socket.socket]:
    """What systemd listens at for what a service says of its start."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as heard, tempfile.TemporaryDirectory() as folder:
        heard.bind(f"{folder}/notify")
        heard.settimeout(20)
        yield heard


@pytest.fixture(scope="module")
def stack(manager: socket.socket) -> Iterator[Service]:
    """A service of this module's own: it is killed in parts, and in the end stopped."""
    with Service(env={"NOTIFY_SOCKET": manager.getsockname(), "MLSERVICE_DEAD_LIFE_SECONDS": "86400"}) as running:
        yield running


def up(home: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """`mlservice up` where it must not come up."""
    command = [str(MLSERVICE), "up", "--home", str(home), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=30)


def status(stack: Service) -> dict[str, Any]:
    """What `mlservice status --json` says."""
    found: dict[str, Any] = json.loads(said("status", "--json", home=stack.home))
    return found


def ready(stack: Service) -> bool:
    """Whether the service says that it is, and its Valkey answers: that it does not, a gateway learns when it asks."""
    try:
        with stack.master() as client:
            client.ping()
        return httpx.get(f"{stack.url}/health/ready", timeout=5).status_code == 200
    except httpx.TransportError:
        return False


def healed(stack: Service, program: str, dead: int) -> bool:
    """Whether the program runs again, as another process."""
    states = Supervisor(Path(stack.home.service().sockets)).states()
    return all(state.pid not in (0, dead) for state in states if state.name == program)


def wait_for_workers(stack: Service) -> None:
    """Some start once the service is ready. `status` itself, asked again and again, would take the time they need."""
    with stack.master() as client:
        there = partial(members, client)
        eventually(lambda: all(map(there, FLEETS)), seconds=READY_SECONDS, what="the workers")


def test_status_shows_every_program_and_worker(stack: Service) -> None:
    wait_for_workers(stack)
    found = status(stack)
    assert all(found["workers"].values())
    assert {name for name, program in found["programs"].items() if program["state"] == "RUNNING"} == {
        *("valkey", "valkey-sync", "gateway", "nginx"),
        *("worker-estimate", "worker-train", "worker-system", "supervisor", "up"),
    }
    assert found["url"] == stack.url
    assert found["queues"]["estimate"] == {"high": 0, "normal": 0, "low": 0}
    assert found["models"] == {}


def test_idle_stack_is_small(stack: Service) -> None:
    wait_for_workers(stack)
    sizes = [0]

    def settled() -> bool:
        time.sleep(BETWEEN_SECONDS)
        sizes.append(sum(program.pss_bytes or 0 for program in program_status(stack.home.service()).values()))
        return sizes[-1] <= 1.005 * sizes[-2]

    eventually(settled, seconds=30, what="programs that have loaded what they need")
    assert max(sizes) < IDLE_BYTES, status(stack)["programs"]


def test_status_for_people_names_programs_and_queues(stack: Service) -> None:
    done = subprocess.run([MLSERVICE, "status", "--home", stack.home.root], capture_output=True, text=True, check=True)
    for word in ("worker-estimate", "total", "estimate", "unfinished"):
        assert word in done.stdout


def test_flower_wants_the_admin_password(stack: Service) -> None:
    login = ("admin", stack.home.admin_password.read_text().strip())
    eventually(lambda: httpx.get(f"{stack.url}/flower/", auth=login).status_code == 200, what="Flower")
    assert httpx.get(f"{stack.url}/flower/", auth=("admin", "wrong")).status_code == 401
    denied = httpx.get(f"{stack.url}/flower", follow_redirects=True)
    assert denied.status_code == 401
    assert denied.headers["www-authenticate"].startswith("Basic")


def test_secrets_are_private_and_in_no_argument(stack: Service) -> None:
    files = list(stack.home.secrets.iterdir())
    assert {file.name for file in files} >= {"redis.properties", "redis-flower.password", "token.keys"}
    assert {oct(file.stat().st_mode & 0o777) for file in files} == {"0o600"}
    assert stack.home.secrets.stat().st_mode & 0o077 == 0
    access = stack.home.redis_access()
    words = [access.master_password, access.celery_password]
    words += [file.read_text().strip() for file in files if file != stack.home.token_keys]
    words += [entry.d for entry in keyfile.read(stack.home.token_keys)]
    for process in _tree(stack):
        arguments = (PROC / str(process) / "cmdline").read_bytes().decode(errors="replace")
        assert not any(word in arguments for word in words), arguments


def test_a_body_over_the_limit_is_a_problem_document(stack: Service) -> None:
    connection = http.client.HTTPConnection(stack.url.removeprefix("http://"), timeout=5)
    connection.putrequest("POST", "/v1/models/m/init")
    connection.putheader("Content-Length", str(2**40))
    connection.endheaders()
    answer = connection.getresponse()
    assert answer.status == 413
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["server"] == "nginx"
    assert json.loads(answer.read())["status"] == 413
    connection.close()


def test_accounts_and_tokens_find_the_service_by_its_home(stack: Service) -> None:
    add_account("ann", "estimate", home=stack.home, password="a long secret")
    assert said("user", "list", home=stack.home).splitlines()[1:] == ["ann\testimate"]
    token = said("token", "ann", home=stack.home).strip()
    answer = httpx.get(f"{stack.url}/v1/models", headers={"Authorization": f"Bearer {token}"})
    assert answer.status_code != 401
    assert mlservice("token", "ann", "--scope", "admin", home=stack.home).returncode == 1
    assert said("user", "remove", "ann", home=stack.home) == ""
    gone = mlservice("token", "ann", home=stack.home)
    assert (gone.returncode, gone.stderr.count("\n")) == (1, 1)


def test_a_second_up_on_the_same_home_says_so(stack: Service) -> None:
    done = up(stack.home.root, "--port", "0")
    assert done.returncode == 1
    assert done.stderr.startswith("mlservice: a service runs in ")
    assert done.stderr.count("\n") == 1


def test_a_taken_port_says_so(stack: Service, tmp_path: Path) -> None:
    done = up(tmp_path / "other", "--port", stack.url.rpartition(":")[2])
    assert done.returncode == 1
    assert "already in use" in done.stderr
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize("program", ["gateway", "worker-estimate", "nginx", "valkey"])
def test_a_killed_program_is_back(stack: Service, program: str) -> None:
    dead = status(stack)["programs"][program]["pid"]
    children = children_of(dead)
    os.kill(dead, signal.SIGKILL)
    eventually(lambda: healed(stack, program, dead), seconds=3, what=program)
    eventually(lambda: ready(stack), seconds=15, what="readiness")
    eventually(lambda: not children & {process.pid for process in processes()}, what="the end of the orphans")


def test_a_killed_gateway_process_is_back(stack: Service) -> None:
    before = status(stack)["programs"]["gateway"]
    child = children_of(before["pid"]).pop()
    os.kill(child, signal.SIGKILL)
    eventually(lambda: status(stack)["programs"]["gateway"]["processes"] == before["processes"], seconds=3)
    eventually(lambda: ready(stack), what="readiness")


def is_gone(pid: int) -> bool:
    return pid not in {process.pid for process in processes()}


def test_each_gateway_process_has_a_socket_where_the_next_one_takes_what_waits(stack: Service) -> None:
    gateway = status(stack)["programs"]["gateway"]["pid"]
    sockets = gateway_sockets(gateway_processes(Settings()))

    def answers(name: str) -> bool:
        path = f"{stack.home.service().sockets}/{name}"
        with httpx.Client(transport=httpx.HTTPTransport(uds=path), timeout=10) as client:
            return client.get("http://gateway/health/live").status_code == 200

    children = children_of(gateway)
    assert len(children) == len(sockets)
    for child in sorted(children):
        os.kill(child, signal.SIGKILL)
        eventually(partial(is_gone, child))
        # Whoever takes its place has its socket.
        assert [answers(name) for name in sockets] == [True] * len(sockets)
        assert stack.http.get("/health/live").status_code == 200


def test_what_it_was_told_is_shown_with_who_said_it(stack: Service) -> None:
    found = {one["variable"]: one for one in json.loads(said("settings", "--json", home=stack.home))}
    assert found["MLSERVICE_DEAD_LIFE_SECONDS"]["origin"] == "environment"
    assert found["MLSERVICE_DEAD_LIFE_SECONDS"]["value"] == "86400"
    assert (found["REDIS_URL"]["origin"], found["MLSERVICE_BLOBS_URL"]["origin"]) == ("mlservice up", "mlservice up")
    assert stack.home.redis_access().celery_password not in json.dumps(found)
    assert found["MLSERVICE_RESULT_LIFE_SECONDS"]["origin"] == "default"
    assert "MLSERVICE_BLOBS_URL" in said("settings", home=stack.home)


def test_the_service_manager_hears_of_the_start_and_of_the_end(stack: Service, manager: socket.socket) -> None:
    assert manager.recv(4096).decode().splitlines() == ["READY=1", f"STATUS=ready: {stack.url}"]
    programs = status(stack)["programs"]
    told = [Path(f"{PROC}/{program['pid']}/environ").read_bytes() for program in programs.values() if program["pid"]]
    # `up` itself knows where to speak, and nobody that it started: gunicorn would.
    assert sum(b"NOTIFY_SOCKET=" in environ for environ in told) == 1


def test_sigterm_leaves_nothing(stack: Service, manager: socket.socket) -> None:
    tree = _tree(stack)
    assert len(tree) > 10
    began = time.monotonic()
    stack.popen.send_signal(signal.SIGTERM)
    assert stack.popen.wait(timeout=25) == 0
    # Where no other test has heard of the start, that comes first.
    while (told := manager.recv(4096)).startswith(b"READY=1"):
        pass
    assert told == b"STOPPING=1"
    assert time.monotonic() - began < 20
    assert not tree & {process.pid for process in processes()}
    done = mlservice("status", home=stack.home)
    assert (done.returncode, done.stderr.count("\n")) == (1, 1)


def _tree(stack: Service) -> set[int]:
    session = status(stack)["programs"]["supervisor"]["pid"]
    return {process.pid for process in processes() if process.session == session} | {stack.popen.pid}
