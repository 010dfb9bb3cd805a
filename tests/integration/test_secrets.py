"""No secret is told: not in logs, not in process lists, not in the bodies of errors."""

from __future__ import annotations

import base64
import json
import subprocess
from ast import literal_eval
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import httpx
import pytest
import redis
from celery import Celery

from infra.host.process_tree import processes
from monitoring.memory import children
from tasks.config.redis_file import CELERY_USER, FLOWER_USER
from tasks.config.settings import Settings
from tasks.telemetry.event_history import EventHistory
from tests.commands import mlservice
from tests.servers import eventually
from tests.service import Service

MASTER, CELERY = "master#pässword 1234pw!@$", "celery=pw'\"%s {x} €"
PASSWORD = "one line, and nobody else's"
#: What is in a table and nobody's business.
CELL = "cell-4f1d9c"
#: A table whose error repeats it.
RARE = [{"a": number, "y": "ab"[number % 2] if number else CELL} for number in range(50)]
NUMBERS = {"columns": {"y": "number"}}


@dataclass
class Heard:
    """What a run used, and what everybody could hear of it."""

    service: Service
    secrets: dict[str, str] = field(default_factory=dict)
    bodies: list[str] = field(default_factory=list)

    def ask(self, method: str, path: str, **options: object) -> httpx.Response:
        """Ask as nobody, unless the options say otherwise, and keep the answer's body if it is an error."""
        answer = httpx.request(method, self.service.url + path, timeout=70, **options)  # type: ignore[arg-type]
        if answer.status_code >= 400:
            self.bodies.append(answer.text)
        return answer

    def command(self, *arguments: str, text: str = "") -> subprocess.CompletedProcess[str]:
        """A command for the service, and all that it writes."""
        return mlservice(*arguments, home=self.service.home, text=text)


@pytest.fixture(scope="module")
def heard(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Heard]:
    """A run with work that succeeds and fails, logins that do, and all kinds of secrets."""
    folder = tmp_path_factory.mktemp("config")
    (folder / "infra/redis").mkdir(parents=True)
    lines = (
        "MASTER_USER=boss",
        f"REDIS_MASTER_PW={MASTER}",
        f"REDIS_CELERY_PW={CELERY}",
        "HOST=localhost",
        "END_FILE=true",
    )
    (folder / "infra/redis/config.properties").write_text("\n".join(lines) + "\n")
    env = {"MLSERVICE_CONFIG": str(folder), "MLSERVICE_TOKEN_KEY": "a given key of at least 32 characters"}
    # Whoever looks for a fault logs all there is.
    env["MLSERVICE_LOG_LEVEL"] = "debug"
    with Service(env=env) as service:
        run = Heard(service)
        run.secrets |= {"master": MASTER, "celery": CELERY, "given key": env["MLSERVICE_TOKEN_KEY"]}
        use(run)
        yield run


def use(run: Heard) -> None:
    """Do what users do, right and wrong."""
    service, home = run.service, run.service.home
    for file in ("admin.password", "flower-http.password", "redis-flower.password"):
        run.secrets[file] = home.secret(file)
    added = run.command("user", "add", "ann", "--scope", "estimate", "--password-stdin", text=f"{PASSWORD}\n")
    assert added.returncode == 0, added.stderr
    run.secrets["password"] = PASSWORD
    run.secrets["basic"] = base64.b64encode(f"ann:{PASSWORD}".encode()).decode()
    token = run.ask("POST", "/v1/token", auth=("ann", PASSWORD)).json()["access_token"]
    run.secrets |= {
        "token": token,
        "admin's token": service.token(),
        "printed": run.command("token", "ann").stdout.strip(),
    }
    rows = [{"a": number, "b": CELL if number % 2 else "another", "y": number} for number in range(50)]
    assert service.init("m", {"rows": rows}, target="y").status_code == 200
    assert service.train("m", params={"num_iterations": 3}).status_code == 200
    assert service.estimate("m", {"rows": [[1, CELL]]}).status_code == 200
    # What comes before it, Flower does not hear of.
    service.wait_for_flower()
    for refused in (
        service.init("rare", {"rows": RARE}, target="y", options=json.dumps(NUMBERS)),
        service.train("m", params={CELL: 1}),
    ):
        assert (refused.status_code, CELL in refused.text) == (422, True)
    call_directly(service)
    bearer = {"Authorization": f"Bearer {token}"}
    for path in (
        "/v1/tasks/none",
        "/v1/models/m/versions/9",
        f"/v1/tasks?after={token}",
        f"/nowhere/{token}",
        "/v1/dead",
    ):
        assert run.ask("GET", path, headers=bearer).status_code in (401, 403, 404, 422)
    assert run.ask("POST", "/v1/models/m/estimate", headers=bearer, content=b"{").status_code in (202, 400, 415, 422)
    for header in (
        f"Bearer {token}x",
        f"Bearer  {token} {token}",
        f"Basic {token}",
        token,
        f"Bearer {run.secrets['given key']}",
    ):
        assert run.ask("GET", "/v1/models", headers={"Authorization": header}).status_code in (400, 401)
    for auth in (("ann", PASSWORD + "x"), ("nobody", PASSWORD), ("ann", "")):
        assert run.ask("POST", "/v1/token", auth=auth).status_code in (401, 429)
    assert run.ask("GET", f"/flower/?auth={token}", headers=bearer).status_code == 403
    assert run.ask("GET", f"/v1/models?access_token={token}").status_code == 401
    for arguments in (
        ("status",),
        ("status", "--json"),
        ("user", "list", "--json"),
        ("keys", "list"),
        ("dead", "list"),
    ):
        done = run.command(*arguments)
        assert done.returncode == 0, done.stderr
        run.bodies += [done.stdout, done.stderr]
    # What is written with a pause is written by now.
    eventually(lambda: token_path_is_logged(service), seconds=15, what="the last lines of NGINX")


def call_directly(service: Service) -> None:
    """Every task by bare Celery, without a queue and in its own; and one that there is not."""
    broker = Settings(redis_url=service.redis_url).broker.shown_url
    with Celery(broker=broker, backend=broker, task_send_sent_event=True) as bare:
        for queue in (None, "estimate"):
            asked = bare.send_task("tasks.estimate", kwargs={"model": "m", "rows": [[1, CELL]]}, queue=queue)
            assert asked.get(timeout=30)["version"] == 1
        columns = {"a": list(range(50)), "b": [CELL] * 50, "y": list(range(50))}
        for queue in (None, "init"):
            table = {"model": "direct", "target": "y", "columns": columns}
            assert CELL in str(bare.send_task("tasks.init", kwargs=table, queue=queue).get(timeout=30))
        trained = bare.send_task("tasks.train", kwargs={"model": "direct", "params": {"num_iterations": 3}})
        assert trained.get(timeout=30)["version"] == 1
        rare: dict[str, Any] = {"model": "rare", "target": "y", "rows": RARE, "options": NUMBERS}
        for task, wrong in (
            ("init", rare),
            ("train", {"model": "m", "params": {CELL: 1}}),
            ("estimate", {"cell": CELL}),
        ):
            # Raised, it would keep the result alive for longer than its Redis.
            found = bare.send_task(f"tasks.{task}", kwargs=wrong, queue=task).get(timeout=30, propagate=False)
            assert isinstance(found, Exception)
            assert "cell" in str(found)
        bare.send_task("tasks.none", kwargs={"rows": [[1, CELL]]}, queue="estimate")


def token_path_is_logged(service: Service) -> bool:
    """Whether NGINX has written the last of the requests above."""
    return (service.home.logs / "nginx.log").read_text().count('"path":"/v1/models"') >= 6


def spellings(secret: str) -> set[str]:
    """The ways in which it could be written."""
    return {secret, quote(secret, safe=""), quote(secret), json.dumps(secret)[1:-1], repr(secret)[1:-1]}


def leaks(text: str, secrets: dict[str, str]) -> set[str]:
    """The names of the secrets that are in the text."""
    return {name for name, secret in secrets.items() for spelling in spellings(secret) if spelling in text}


def test_the_search_would_find_them() -> None:
    assert leaks("redis://default:celery%3Dpw%27%22%25s%20%7Bx%7D%20%E2%82%AC@h", {"celery": CELERY}) == {"celery"}
    assert leaks(json.dumps({"detail": MASTER}), {"master": MASTER}) == {"master"}
    assert not leaks("nothing", {"master": MASTER})


def test_no_secret_is_logged(heard: Heard) -> None:
    files = [*heard.service.home.logs.rglob("*"), heard.service.folder / "up.log"]
    texts = {file.name: file.read_text(errors="replace") for file in files if file.is_file()}
    assert len(texts) > 6
    # A path is logged as it was asked for; who puts a secret there has told it to every proxy on the way.
    secrets = {name: secret for name, secret in heard.secrets.items() if name != "token"}
    assert {name: found for name, text in texts.items() if (found := leaks(text, secrets))} == {}
    lines = [line for text in texts.values() for line in text.splitlines() if "/nowhere/" not in line]
    assert not leaks("\n".join(lines), {"token": heard.secrets["token"], "cell": CELL})


def test_redis_refused_nothing_of_it(heard: Heard) -> None:
    """Nobody needed more than their user may do."""
    access = replace(heard.service.home.redis_access(), master_user="boss", master_password=MASTER)
    with heard.service.master(access) as master:
        assert {client["user"] for client in master.client_list()} >= {CELERY_USER, FLOWER_USER}
        assert master.acl_log() == []


def test_no_secret_is_an_argument(heard: Heard) -> None:
    parents = {process.pid: process.parent for process in processes()}
    pids = children(parents, heard.service.home.service().pid)
    assert len(pids) > 8
    lines = "\n".join(Path(f"/proc/{pid}/cmdline").read_text(errors="replace") for pid in pids if alive(pid))
    assert "\0infra\0" in lines
    assert leaks(lines, heard.secrets) == set()


def alive(pid: int) -> bool:
    return Path(f"/proc/{pid}/cmdline").exists()


def test_no_secret_is_in_an_error(heard: Heard) -> None:
    assert len(heard.bodies) > 15
    # The path that was asked for is repeated to who asked for it.
    bodies = [body for body in heard.bodies if "/nowhere/" not in body]
    assert leaks("\n".join(bodies), {**heard.secrets, "cell": CELL}) == set()


def test_flower_shows_no_data(heard: Heard) -> None:
    http = heard.service.http
    eventually(lambda: len(succeeded(http)) >= 5, what="the direct calls")
    failed = [task for task in http.get("/flower/api/tasks").json().values() if task["state"] == "FAILURE"]
    assert {"InvalidTable()", "InvalidParams()"} <= {task["exception"] for task in failed}
    estimates = [task for task in succeeded(http) if task["name"] == "tasks.estimate"]
    told = [literal_eval(task["kwargs"]) for task in estimates]
    # A bare client that says nothing of priority says 0; what it sent to no queue is passed on as usual.
    assert {shown.pop("lane") for shown in told} == {"high", "normal"}
    assert told == [{"model": "m", "rows": 1, "handle": task["uuid"]} for task in estimates]
    assert {(task["args"], task["result"]) for task in estimates} == {("()", "{'model': 'm', 'version': 1, 'rows': 1}")}
    eventually(lambda: "tasks.none" in http.get("/flower/api/tasks").text, what="what the client says of it")
    workers = http.get("/flower/api/workers?refresh=1").json()
    names = ("", "tasks", "broker", "api/tasks", "api/workers", "workers", *(f"worker/{name}" for name in workers))
    pages = [http.get(f"/flower/{page}").text for page in names]
    # What is kept for when it starts again.
    with redis.Redis.from_url(heard.service.redis_url) as client:
        kept = [str(event) for event in EventHistory(client)]
    assert "tasks.estimate" in "".join(kept)
    pages += kept
    assert leaks("\n".join(pages), {**heard.secrets, "cell": CELL}) == set()
    password = urlsplit(heard.service.redis_url).password
    assert password
    assert password not in "\n".join(pages)


def succeeded(http: httpx.Client) -> list[dict[str, Any]]:
    """The direct calls that Flower has seen succeed, and knows all of."""
    tasks = http.get("/flower/api/tasks").json().values()
    # The end of one may be heard of before its beginning.
    whole = [task for task in tasks if task["state"] == "SUCCESS" and task["kwargs"] is not None]
    return [task for task in whole if "'items'" not in task["kwargs"]]
