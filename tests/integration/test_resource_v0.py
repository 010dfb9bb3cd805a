"""The routes of the original service, over HTTP through NGINX, as its clients use them."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from gateway.resources.original import WORDS
from infra.host.control import Supervisor
from tasks.contract import State
from tests.commands import add_account
from tests.problems import refused
from tests.servers import eventually
from tests.service import JSON, Service

ROWS = {"rows": [[3, 4], [10, 12]]}
TABLE = "a,b,y\n" + "".join(f"{a},{b},{a + b}.5\n" for a in range(20) for b in range(20))
#: The routes that need a token, and a request that they know.
CLOSED = [
    ("GET", "/resource/init"),
    ("GET", "/resource/init?async=true"),
    ("POST", "/resource/predict"),
    ("GET", f"/resource/task/status/{'0' * 32}-0"),
]


class V0:
    """A client of the original service."""

    def __init__(self, service: Service, *, name: str = "admin", password: str = "") -> None:
        self._url = service.url
        self._login = (name, password or service.home.admin_password.read_text().strip())
        self._headers: dict[str, str] = {}

    def auth(self) -> httpx.Response:
        """Fetch a token and use it from now on."""
        answer = httpx.get(f"{self._url}/resource/auth", auth=self._login)
        if answer.status_code == 200:
            self._headers = {"Authorization": f"Bearer {answer.json()['token']}"}
        return answer

    def init(self, *, later: bool = False) -> httpx.Response:
        """Have the model made, now or later."""
        params = {"async": "true"} if later else {}
        return httpx.get(f"{self._url}/resource/init", params=params, headers=self._headers, timeout=90)

    def predict(self, body: Any = ROWS, **headers: str) -> httpx.Response:
        """Estimate rows."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        headers = {**self._headers, **{name.replace("_", "-"): value for name, value in headers.items()}}
        return httpx.post(f"{self._url}/resource/predict", content=content, headers=headers, timeout=90)

    def status(self, location: str) -> tuple[bool, str]:
        """How far a task is."""
        answer = httpx.get(f"{self._url}{location}", headers=self._headers)
        assert answer.status_code == 200, answer.text
        document = answer.json()
        assert set(document) == {"done", "status"}
        return document["done"], document["status"]

    def wait(self, location: str) -> set[str]:
        """Poll until the task is over, and well; what it was said to be."""
        seen = set()

        def over() -> bool:
            done, status = self.status(location)
            seen.add(status)
            return done

        eventually(over, seconds=60, what="the end of the task")
        return seen


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The file that the default model learns from."""
    path = tmp_path_factory.mktemp("source") / "table.csv"
    path.write_text(TABLE)
    return path


@pytest.fixture(scope="module")
def v0(source: Path) -> Iterator[Service]:
    """A service with a default model, which is killed in parts."""
    env = {
        "MLSERVICE_SOURCES": f"sums=file://{source}",
        "MLSERVICE_DEFAULT_MODEL": "sums",
        "MLSERVICE_DEFAULT_SOURCE": "sums",
        "MLSERVICE_DEFAULT_TARGET": "y",
    }
    with Service(env=env) as running:
        yield running


@pytest.fixture(scope="module")
def client(v0: Service) -> V0:
    """The first account, with a token."""
    made = V0(v0)
    assert made.auth().status_code == 200
    return made


def said(answer: httpx.Response, status: int, *words: str) -> None:
    """The answer is an error of the original service, with these words."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == JSON
    document = answer.json()
    assert list(document) == ["status"]
    assert not [word for word in words if word not in document["status"]], document


def account(service: Service, name: str, *scopes: str) -> V0:
    """A new account, with a token."""
    add_account(name, *scopes, home=service.home, password="a long secret")
    made = V0(service, name=name, password="a long secret")
    assert made.auth().status_code == 200
    return made


def program(service: Service, name: str) -> int:
    """The process of a supervised program, which leads its process group; 0 if there is none now."""
    states = Supervisor(Path(service.home.service().sockets)).states()
    return next(state.pid for state in states if state.name == name)


@contextmanager
def train_worker_paused(service: Service) -> Iterator[None]:
    """No train begins inside."""
    worker = eventually(lambda: program(service, "worker-train"), what="the train worker")
    os.killpg(worker, signal.SIGSTOP)
    try:
        yield
    finally:
        os.killpg(worker, signal.SIGCONT)


def test_there_is_no_estimate_before_the_init(client: V0) -> None:
    said(client.predict(), 424, "not initialised")


def test_an_init_that_is_accepted_outlives_its_gateway(v0: Service, client: V0) -> None:
    with train_worker_paused(v0):
        answer = client.init(later=True)
        assert answer.status_code == 202
        location = answer.headers["Location"]
        assert location.startswith("/resource/task/status/")
        assert client.status(location) == (False, "Pending...")
        said(client.predict(), 424)
        gateway = program(v0, "gateway")
        os.killpg(gateway, signal.SIGKILL)
        eventually(lambda: program(v0, "gateway") not in (0, gateway), what="another gateway")
        eventually(lambda: httpx.get(f"{v0.url}/health/ready").status_code == 200, seconds=20, what="readiness")
    seen = client.wait(location)
    assert client.status(location) == (True, "Done")
    assert seen <= set(WORDS.values())
    answer = client.predict()
    assert answer.status_code == 200, answer.text
    assert answer.json()["model"] == "sums"
    assert answer.json()["predictions"] == pytest.approx([7.5, 22.5], abs=1.5)


def test_init_that_waits_makes_another_version(client: V0) -> None:
    before = client.predict()
    answer = client.init()
    assert (answer.status_code, answer.content) == (204, b"")
    after = client.predict()
    assert after.json()["predictions"] == before.json()["predictions"]
    assert after.json()["version"] == before.json()["version"] + 1


def test_predict_reads_what_an_estimate_reads(client: V0) -> None:
    expected = client.predict().json()["predictions"]
    objects = {"rows": [{"a": 3, "b": 4}, {"a": 10, "b": 12}]}
    for body, media in [
        (objects, JSON),
        ({"columns": {"a": [3, 10], "b": [4, 12]}}, "application/json; charset=utf-8"),
        (b"a,b\n3,4\n10,12\n", "text/csv"),
    ]:
        answer = client.predict(body, Content_Type=media)
        assert answer.json()["predictions"] == expected, answer.text
    forgiven = client.predict([{"a": 3, "b": "4", "more": 1}, {"a": 10, "b": 12}]).json()
    assert forgiven["predictions"] == expected
    assert [(note["code"], note["column"]) for note in forgiven["notes"]] == [("unknown_column", "more")]
    assert client.predict({"a": 3, "b": 4}).json()["predictions"] == expected[:1]
    said(client.predict({"rows": [["three", 4]]}), 422, "row 0")
    said(client.predict(b"{"), 400)
    said(client.predict(b"<rows/>", Content_Type="text/xml"), 400, "HTML or XML")


def test_what_goes_wrong_in_an_init_is_told(source: Path, client: V0) -> None:
    source.write_text("a,b\n1,2\n")
    try:
        said(client.init(), 500, "'y'")
        location = client.init(later=True).headers["Location"]
        client.wait(location)
        done, status = client.status(location)
        assert done
        assert "'y'" in status
        source.unlink()
        said(client.init(), 500, "'sums' is not there", "mlservice sources check")
    finally:
        source.write_text(TABLE)
    assert client.predict().status_code == 200, "the model is what it was"


@pytest.mark.parametrize("header", [None, "Basic !!!", "Basic YWRtaW46d3Jvbmc=", "Basic bm9ib2R5Ondyb25n", "Bearer x"])
def test_no_token_without_the_right_password(v0: Service, header: str | None) -> None:
    headers = {} if header is None else {"Authorization": header}
    answer = httpx.get(f"{v0.url}/resource/auth", headers=headers)
    said(answer, 401)
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize(("method", "path"), CLOSED)
@pytest.mark.parametrize("token", [None, "x", "a.b.c"])
def test_nothing_without_a_token(v0: Service, method: str, path: str, token: str | None) -> None:
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    answer = httpx.request(method, v0.url + path, headers=headers)
    said(answer, 401, "token")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


def test_scopes(v0: Service) -> None:
    reader = account(v0, "reader", "estimate", "tasks:read")
    said(reader.init(), 403, "init")
    assert reader.predict().status_code == 200
    half = account(v0, "half", "init")
    said(half.init(), 403, "train")
    said(half.predict(), 403, "estimate")


def test_tasks_of_others_are_unknown(v0: Service, client: V0) -> None:
    location = client.init(later=True).headers["Location"]
    other = account(v0, "other", "tasks:read")
    token = other.auth().json()["token"]
    for path in (location, f"/resource/task/status/{'0' * 32}-0", "/resource/task/status/made-up"):
        said(httpx.get(v0.url + path, headers={"Authorization": f"Bearer {token}"}), 404, "no task")
    client.wait(location)


def test_errors_of_falcon_are_in_the_same_words(v0: Service, client: V0) -> None:
    token = client.auth().json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    said(httpx.post(f"{v0.url}/resource/init", headers=headers), 405, "GET")
    said(httpx.get(f"{v0.url}/resource/init?async=perhaps", headers=headers), 400, "async")


def test_other_routes_answer_problems(v0: Service) -> None:
    refused(httpx.get(f"{v0.url}/v1/models"), 401)
    refused(httpx.get(f"{v0.url}/resource/other"), 404)


def test_without_a_source_init_says_what_to_set(service: Service) -> None:
    plain = V0(service)
    plain.auth()
    said(plain.init(), 500, "MLSERVICE_DEFAULT_SOURCE")


def test_every_state_has_its_word() -> None:
    assert {state for state in State if not state.final} < set(WORDS)
