"""Webhooks of a running service: told by a process that is there while there are some, and comes again when killed."""

from __future__ import annotations

import json
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from infra.commands.status import program_status
from tests import sessions
from tests.commands import mlservice, said
from tests.integration.test_auth import add
from tests.receiving import Receiver, receiving
from tests.servers import eventually
from tests.service import Service

PAGE: Final = Path(__file__).parents[2] / "docs" / "how-to" / "webhooks.md"
DELIVERER: Final = "deliverer"
ROWS: Final = [{"a": a, "y": 2 * a} for a in range(30)]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with receiving() as found:
        yield found


@pytest.fixture(autouse=True)
def no_webhooks_left(service: Service) -> Iterator[None]:
    """The process goes with the last one."""
    yield
    for webhook in service.http.get("/v1/webhooks").raise_for_status().json()["webhooks"]:
        service.http.delete(webhook["links"]["self"]).raise_for_status()
    eventually(lambda: not pid(service), seconds=30, what="the end of the deliverer")


def pid(service: Service) -> int:
    """The deliverer's process; 0 if it does not run."""
    return program_status(service.home.service())[DELIVERER].pid


def hook(service: Service, receiver: Receiver, **said: Any) -> dict[str, Any]:
    answer = service.http.post("/v1/webhooks", json={"url": receiver.url, **said})
    made: dict[str, Any] = answer.raise_for_status().json()
    return made


def both(receiver: Receiver) -> set[str]:
    """Why a version was promoted, once it has been for two reasons."""
    whys = {one.data["why"] for one in receiver.of("version.promoted")}
    return whys if len(whys) == 2 else set()


def states(service: Service, path: str) -> set[str]:
    """The states of a webhook's deliveries."""
    return {one["state"] for one in service.http.get(path).raise_for_status().json()["deliveries"]}


def test_versions_and_tasks_are_told_also_after_a_kill(service: Service, receiver: Receiver) -> None:
    assert not pid(service), "nobody is to hear of anything"
    events = ["task.succeeded", "task.failed", "version.created", "version.promoted"]
    made = hook(service, receiver, events=events, models=["told"])
    service.init("told", {"rows": ROWS}, target="y").raise_for_status()
    eventually(lambda: receiver.of("task.succeeded"), seconds=30, what="the end of the init")
    before = pid(service)
    os.kill(before, signal.SIGKILL)
    trained = service.train("told").raise_for_status().headers["Location"]
    service.http.post("/v1/models/told/versions/1/promote", json={"reason": "again"}).raise_for_status()
    # What was on its way when the deliverer was killed comes twice.
    whys = eventually(lambda: both(receiver), seconds=30, what="the promotion")
    train = Path(trained).name
    eventually(lambda: train in {one.data["id"] for one in receiver.of("task.succeeded")}, seconds=30, what="its end")
    assert pid(service) not in (0, before)
    for one in receiver.received:
        one.check(made["secret"])
    (created,) = receiver.of("version.created")
    assert (created.data["version"], created.data["task"]) == (1, train)
    assert whys > {"again"}
    # An answer is noted after it was given.
    path = f"/v1/webhooks/{made['id']}/deliveries"
    eventually(lambda: states(service, path) == {"delivered"}, seconds=60, what="a note of all answers")
    assert "secret" not in service.http.get(f"/v1/webhooks/{made['id']}").json()


def test_an_estimate_names_a_webhook(service: Service, receiver: Receiver) -> None:
    service.init("named", {"rows": ROWS}, target="y").raise_for_status()
    service.train("named").raise_for_status()
    made = hook(service, receiver)
    handles = set()
    for _ in range(3):
        answer = service.estimate("named", {"rows": [{"a": 1}]}, webhook=made["id"]).raise_for_status()
        handles.add(Path(answer.headers["Location"]).name)
    refused = service.estimate("named", {"rows": [{"a": "x"}]}, webhook=made["id"])
    assert refused.status_code == 422
    eventually(lambda: len(receiver.received) == 4, seconds=30, what="four ends")
    assert {one.data["id"] for one in receiver.of("task.succeeded")} == handles
    assert receiver.of("task.failed")[0].data["error"]["type"] == "InvalidRows"
    unknown = service.estimate("named", {"rows": [{"a": 1}]}, webhook="wh_" + "0" * 24)
    assert (unknown.status_code, unknown.json()["pointer"]) == (422, "?webhook")


def test_whose_they_are(service: Service, receiver: Receiver) -> None:
    reader, other = add(service, "hooked", "tasks:read"), add(service, "unhooked", "tasks:read")
    ask = {"url": receiver.url, "events": ["task.failed"]}
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {reader.token}"}) as http:
        made = http.post("/v1/webhooks", json=ask).raise_for_status().json()
        for event, scope in (("version.created", "estimate"), ("dead_letter.created", "admin")):
            answer = http.post("/v1/webhooks", json={**ask, "events": [event]})
            assert answer.status_code == 403
            assert scope in answer.json()["detail"]
        assert [one["id"] for one in http.get("/v1/webhooks").json()["webhooks"]] == [made["id"]]
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {other.token}"}) as http:
        assert http.get("/v1/webhooks").json()["webhooks"] == []
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/ping"), ("GET", "/deliveries")):
            assert http.request(method, f"/v1/webhooks/{made['id']}{path}").status_code == 404
    assert made["id"] in [one["id"] for one in service.http.get("/v1/webhooks").json()["webhooks"]]


@pytest.mark.parametrize(
    "url",
    [
        # 127.0.0.0/8 is a network that the shared service lets.
        *("https://10.1/", "https://167772161/", "https://[::ffff:10.0.0.1]/", "https://169.254.169.254/latest"),
        *(
            "https://0x0a000001/",
            "https://012.0.0.1/",
            "https://[::1]/",
            "http://8.8.8.8/",
            "https://user:pw@8.8.8.8/",
            "ftp://8.8.8.8/",
        ),
    ],
)
def test_urls_that_lead_inside_are_refused(service: Service, url: str) -> None:
    answer = service.http.post("/v1/webhooks", json={"url": url})
    assert (answer.status_code, answer.json()["pointer"]) == (422, "/url")


def test_commands(service: Service, receiver: Receiver) -> None:
    add_one = ("webhooks", "add", receiver.url, "--account", "admin", "--event", "task.failed")
    name, secret = said(*add_one, home=service.home).split()
    message = said("webhooks", "ping", name, home=service.home).strip()
    eventually(lambda: receiver.of("webhook.ping"), seconds=30, what="a ping")
    receiver.received[0].check(secret)
    assert receiver.received[0].id == message

    def delivered() -> list[Any]:
        log = said("webhooks", "deliveries", name, "--json", "--state", "delivered", home=service.home)
        found: list[Any] = json.loads(log)
        return found

    assert eventually(delivered, what="its entry")[0]["id"] == message
    assert said("webhooks", "replay", name, message, home=service.home).strip() == message
    eventually(lambda: len(receiver.received) == 2, seconds=30, what="the replay")
    said("webhooks", "disable", name, home=service.home)
    assert f"{name}\tadmin\tdisabled\t0\t{receiver.url}\ttask.failed\n" == said("webhooks", "list", home=service.home)
    said("webhooks", "enable", name, home=service.home)
    assert said("webhooks", "rotate", name, home=service.home).strip() != secret
    assert "secret" not in json.loads(said("webhooks", "show", name, "--json", home=service.home))
    said("webhooks", "remove", name, home=service.home)
    done = mlservice("webhooks", "show", name, home=service.home)
    assert (done.returncode, done.stderr) == (1, f"mlservice: there is no webhook '{name}'\n")
    private = mlservice("webhooks", "add", "https://10.0.0.1/", "--account", "admin", home=service.home)
    assert "not public" in private.stderr


def test_the_page(service: Service, receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its receiver is one that writes down what comes first."""
    for name, value in {"URL": service.url, "TOKEN": service.token(), "RECEIVER": receiver.url}.items():
        monkeypatch.setenv(name, value)
    steps = sessions.steps(PAGE, "webhooks")
    waits = "for _ in $(seq 600); do [ -s headers ] && break; sleep 0.05; done\n"
    steps[1] = sessions.Step(script=waits + steps[1].script, shown=steps[1].shown)
    receiver.kept = tmp_path
    written = sessions.run(steps, url=service.url, folder=tmp_path, seconds=60)
    assert sessions.check_shown(steps, written) == 1
    assert [text.strip() for text in written[1:]] == ["webhook.ping", "1\npending"]
