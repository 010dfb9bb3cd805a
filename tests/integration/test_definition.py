"""Every operation answers as `gateway/ml-service.yml` says, through NGINX; `make fuzz` tries more of each."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest

from gateway.identity.session import PAGE
from gateway.resources.docs import ASSETS
from tasks.contract import RESULT_MEDIA, Kind
from tests.definition import definition, faults
from tests.integration.test_auth import add, command
from tests.servers import eventually
from tests.service import Service

MODEL: Final = "defined"
ROWS: Final = [{"a": a + 0.5, "b": b, "y": a + b + 0.25} for a in range(6) for b in range(6)]
GOOD: Final = {"rows": [[1.5, 2]]}
BAD: Final = {"rows": [[1.5]]}
WAIT: Final = {"Prefer": "wait=60"}
NO_TASK: Final = f"{'0' * 32}-0"
#: What stands in paths.
NAMES: Final = ("model", "version", "alias", "handle", "task_id", "asset", "webhook", "message", "account")
#: Where webhooks are sent of which it does not matter whether they arrive: the shared service lets them.
NOWHERE: Final = "http://127.0.0.1:9/"

Answer = tuple[str, str, httpx.Response]


class Asker:
    """Asks, and keeps what was answered to which operation."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.answers: list[Answer] = []

    def __call__(self, method: str, path: str, *, at: dict[str, Any] | None = None, **options: Any) -> httpx.Response:
        """Ask; `at`: what stands in the path for its names."""
        where = path.format(**{"model": MODEL, "version": 1, **(at or {})})
        answer = self.http.request(method, where, **options)
        self.answers.append((method, path, answer))
        return answer


@pytest.fixture(scope="module")
def answers(service: Service) -> list[Answer]:
    """At least one answer of each operation, and of most an error."""
    ask = Asker(service.http)
    work(ask)
    handles = [
        answer.headers["location"].rpartition("/")[2] for *_, answer in ask.answers if "location" in answer.headers
    ]
    tasks(ask, handles)
    models(ask)
    protocols(ask)
    service_itself(ask)
    dead(ask)
    administration(ask)
    webhooks(ask)
    originals(ask, handles[0])
    tokens(ask, service)
    quota(ask, service)
    return ask.answers


def work(ask: Asker) -> None:
    path = "/v1/models/{model}/"
    ask("POST", path + "init", params={"target": "y"}, json={"rows": ROWS}, headers=WAIT)
    ask("POST", path + "init", params={"target": "none"}, json={"rows": ROWS}, headers=WAIT)
    ask("POST", path + "init", json={"rows": ROWS}, params={"lane": "none"})
    ask("POST", path + "init", json={"rows": ROWS}, params={"append": "true"}, at={"model": "nothing"}, headers=WAIT)
    ask("POST", path + "train", json={"params": {"num_iterations": 5}}, headers=WAIT)
    ask("POST", path + "train", json={}, at={"model": "nothing"}, headers=WAIT)
    ask("POST", path + "train", json={"from_version": "nobody"}, headers=WAIT)
    for media in RESULT_MEDIA:
        ask("POST", path + "estimate", json=GOOD, headers={**WAIT, "Accept": media})
    ask("POST", path + "estimate", json=GOOD, params={"explain": "true"}, headers=WAIT)
    ask("POST", path + "estimate", json=BAD, headers=WAIT)
    ask("POST", path + "estimate", content=b"{", headers={**WAIT, "Content-Type": "application/json"})
    ask("POST", path + "estimate", json=GOOD, headers={"Accept": "image/png"})
    ask("POST", path + "estimate", content=b"x", headers={"Content-Type": "text/plain"})
    ask("POST", path + "train", content=b"x", headers={"Content-Type": "text/csv"})
    for kind in Kind:
        ask(
            "POST",
            path + kind.value,
            json={"rows": ROWS} if kind is Kind.INIT else GOOD if kind is Kind.ESTIMATE else {},
            params={"target": "y"} if kind is Kind.INIT else {},
        )


def tasks(ask: Asker, handles: list[str]) -> None:
    ask("GET", "/v1/tasks")
    ask("GET", "/v1/tasks", params={"state": "none"})
    for handle in [*handles, NO_TASK]:
        ask("GET", "/v1/tasks/{handle}", at={"handle": handle}, headers=WAIT)
        ask("GET", "/v1/tasks/{handle}/result", at={"handle": handle}, headers=WAIT)
        ask("DELETE", "/v1/tasks/{handle}", at={"handle": handle})
    ask("GET", "/v1/tasks/{handle}/events", at={"handle": handles[0]})
    ask("GET", "/v1/tasks/{handle}/events", at={"handle": handles[0]}, headers={"Last-Event-ID": "succeeded:1:end"})
    ask("GET", "/v1/tasks/{handle}/events", at={"handle": handles[0]}, headers={"Accept": "text/csv"})


def models(ask: Asker) -> None:
    ask("GET", "/v1/estimators")
    ask("GET", "/v1/models")
    ask("GET", "/v1/models/{model}")
    for params in ({"limit": 1}, {"after": "zzz"}, {"limit": 0}):
        ask("GET", "/v1/models", params=params)
        ask("GET", "/v1/models/{model}/versions", params={**params, **({"after": 1} if "after" in params else {})})
    noting(ask)
    for path in ("", "/versions"):
        ask("GET", f"/v1/models/{{model}}{path}", at={"model": "nothing"})
    version = "/v1/models/{model}/versions/{version}"
    for number in (1, 99):
        ask("GET", version, at={"version": number})
        ask("GET", version + "/report", at={"version": number})
        ask("GET", version + "/artefact", at={"version": number})
        ask("POST", version + "/promote", at={"version": number})
    report = ask.http.get(f"/v1/models/{MODEL}/versions/1/report")
    ask("GET", version + "/artefact", at={"version": "current"}, params={"format": "pickle"})
    ask("GET", version + "/report", headers={"If-None-Match": report.headers["ETag"]})
    for number in (1, 99):
        ask("PUT", "/v1/models/{model}/aliases/{alias}", at={"alias": "champion"}, json={"version": number})
    for _ in range(2):
        ask("DELETE", "/v1/models/{model}/aliases/{alias}", at={"alias": "champion"})
    deleting(ask)


def noting(ask: Asker) -> None:
    for name in (MODEL, "nothing"):
        ask("GET", "/v1/models/{model}/drift", at={"model": name})
    for path in ("/v1/models/{model}", "/v1/models/{model}/versions/{version}"):
        ask("GET", path, headers={"If-None-Match": ask("GET", path).headers["ETag"]})
        for body in (b'{"tags": {"stage": "trial"}}', b'{"tags": 1}', b"{"):
            ask("PATCH", path, content=body, headers={"Content-Type": "application/merge-patch+json"})
        ask("PATCH", path, json={}, headers={"If-Match": '"another"'})
        ask("PATCH", path, at={"model": "nothing"}, json={})
    for path in ("/v1/models", "/v1/models/{model}/versions"):
        ask("GET", path, params={"tag": "stage:trial"})
        ask("GET", path, params={"tag": "a b"})
    for reason in ("a trial", 1):
        ask("POST", "/v1/models/{model}/versions/{version}/promote", json={"reason": reason})


#: The good rows as tensors, and a request that names an output that is not there.
TENSORS: Final = [{"name": "rows", "shape": [1, 2], "datatype": "FP64", "data": [1.5, 2]}]
NO_OUTPUT: Final = {"inputs": TENSORS, "outputs": [{"name": "none"}]}


def protocols(ask: Asker) -> None:
    for path in ("/v2", "/v2/health/live", "/v2/health/ready"):
        ask("GET", path)
    ask("POST", "/v2/repository/index")
    ask("POST", "/v2/repository/index", content=b"{")
    for path, good in (("/v2/models/{model}", 1), ("/v2/models/{model}/versions/{version}", "current")):
        for rest in ("", "/ready"):
            ask("GET", path + rest, at={"version": good})
            ask("GET", path + rest, at={"model": "nothing"})
        # The second one is answered by who knows the first.
        for document in ({"inputs": TENSORS}, {"inputs": TENSORS}, NO_OUTPUT):
            ask("POST", f"{path}/infer", json=document)
        ask("POST", f"{path}/infer", json={"inputs": TENSORS}, at={"model": "nothing"})
        ask("POST", f"{path}/infer", json={}, headers={"Content-Encoding": "br"})
    for path in ("/v1/models/{model}/invocations", "/invocations"):
        for form in ("instances", "rows"):
            ask("POST", path, json={form: [[1.5, 2]]})
        ask("POST", path, content=b"a,b\n1.5,2\n", headers={"Content-Type": "text/csv"})
        ask("POST", path, json={}, params={"version": "1 or 2"})


def deleting(ask: Asker) -> None:
    """One that goes, for the others work on."""
    path, gone = "/v1/models/{model}", {"model": "undefined"}
    ask("POST", f"{path}/init", at=gone, params={"target": "y"}, json={"rows": ROWS}, headers=WAIT)
    ask("POST", f"{path}/train", at=gone, json={}, headers=WAIT)
    for force in ("perhaps", "false", "true"):
        ask("DELETE", f"{path}/versions/{{version}}", at=gone, params={"force": force})
    for _ in range(2):
        ask("DELETE", f"{path}/snapshot", at=gone)
        ask("DELETE", path, at=gone)
    ask("GET", f"{path}/history", at=gone, params={"limit": 2})
    ask("GET", f"{path}/history", at={"model": "nothing"})


def service_itself(ask: Asker) -> None:
    for path in ("/v1/activity", "/v1/workers"):
        ask("GET", path)
        ask("GET", path, params={"step": 0})
    for path in ("/v1/queues", "/v1/sources", "/metrics", "/health/live", "/health/ready", "/openapi.yml", "/docs"):
        ask("GET", path)
    for asset in (*ASSETS, "none"):
        ask("GET", "/docs/{asset}", at={"asset": asset})


def dead(ask: Asker) -> None:
    ask("GET", "/v1/dead")
    ask("GET", "/v1/dead", params={"after": NO_TASK})
    for handle in (NO_TASK, "%00"):
        ask("GET", "/v1/dead/{handle}", at={"handle": handle})
        ask("DELETE", "/v1/dead/{handle}", at={"handle": handle})
        ask("POST", "/v1/dead/{handle}/replay", at={"handle": handle})


def webhooks(ask: Asker) -> None:
    path = "/v1/webhooks/{webhook}"
    ask("GET", "/v1/webhooks")
    for body in ({}, {"url": "https://10.1.2.3/"}, {"url": NOWHERE, "events": ["task.done"]}):
        ask("POST", "/v1/webhooks", json=body)
    made = ask("POST", "/v1/webhooks", json={"url": NOWHERE, "events": ["task.failed"]}).json()
    for webhook in (made["id"], "none"):
        at = {"webhook": webhook}
        ask("GET", path, at=at)
        ask("PATCH", path, at=at, json={"events": []})
        ask("PATCH", path, at=at, json={"enabled": 1})
        ask("POST", path + "/secret", at=at, json={})
        ask("POST", path + "/secret", at=at, json={"secret": "whsec_short"})
        message = ask("POST", path + "/ping", at=at).json()["id" if webhook == made["id"] else "title"]
        for name in (message, "none"):
            ask("POST", path + "/deliveries/{message}/replay", at={**at, "message": name})
        ask("GET", path + "/deliveries", at=at)
        ask("GET", path + "/deliveries", at=at, params={"state": "none"})
        ask("POST", "/v1/models/{model}/train", json={}, params={"webhook": webhook, "deadline": 0.001})
        ask("DELETE", path, at=at)


def administration(ask: Asker) -> None:
    path = "/v1/accounts/{account}"
    new = {"name": "new", "scopes": ["estimate"]}
    bodies: list[Any] = [new, new, {**new, "name": "a b"}, {**new, "scopes": ["fly"]}, {**new, "password": "short"}, []]
    for body in bodies:
        ask("POST", "/v1/accounts", json=body)
    ask("POST", "/v1/accounts", json={**new, "name": "oidc:ada", "limits": {"queued_items": None}})
    for params in ({"limit": 1}, {"after": "zzz"}, {"limit": 0}):
        ask("GET", "/v1/accounts", params=params)
    for account in ("new", "nobody", "admin"):
        at = {"account": account}
        ask("GET", path, at=at)
        for change in (
            {"scopes": ["monitor"], "disabled": account == "admin"},
            {"limits": {"queued_items": -1}},
            {"name": "x"},
        ):
            ask("PATCH", path, at=at, json=change)
        if account != "admin":
            ask("POST", path + "/tokens", at=at, json={"scopes": ["monitor"]})
            ask("POST", path + "/tokens", at=at, json={"scopes": ["train"]})
            ask("DELETE", path + "/tokens", at=at)
        ask("DELETE", path, at=at)
    ask("DELETE", path, at={"account": "oidc:ada"})
    for method in ("GET", "POST"):
        ask(method, "/v1/keys")
        ask(method, "/v1/keys", params={"at_once": "true"})
    ask("GET", "/v1/settings")
    ask("GET", "/v1/tasks", params={"owner": "*", "request_id": "none"})
    ask("GET", "/v1/models/{model}/versions", params={"details": "true"})
    ask("GET", "/v1/models/{model}/versions", params={"details": "perhaps"})


def originals(ask: Asker, handle: str) -> None:
    # No source is set here, and the model is not initialised.
    ask("GET", "/resource/init")
    ask("POST", "/resource/predict", json=GOOD)
    for task in (handle, NO_TASK):
        ask("GET", "/resource/task/status/{task_id}", at={"task_id": task})
    for path in ("/resource/auth", "/resource/init"):
        ask("GET", path, headers={"Authorization": "none"})


def tokens(ask: Asker, service: Service) -> None:
    password = service.home.admin_password.read_text().strip()
    with httpx.Client(base_url=service.url) as http:
        other = Asker(http)
        other("GET", "/.well-known/jwks.json")
        for method, path in (("POST", "/v1/token"), ("GET", "/resource/auth")):
            other(method, path)
            other(method, path, auth=("admin", password))
        for path in ("/v1/models", "/metrics", "/v1/dead"):
            other("GET", path)
        token = service.token()
        for _ in range(2):
            other("DELETE", "/v1/token", headers={"Authorization": f"Bearer {token}"})
        for headers in ({}, {PAGE: "1"}):
            other("POST", "/v1/session", auth=("admin", password), headers=headers)
        other("POST", "/v1/session", json={"code": "none"}, headers={PAGE: "1"})
        for method in ("GET", "DELETE", "DELETE"):
            other(method, "/v1/session", headers={PAGE: "1"})
        ask.answers += other.answers


def quota(ask: Asker, service: Service) -> None:
    """Of an account that may ask once a second and do little."""
    poor = add(service, "poor", "estimate", "tasks:read")
    command(service, "user", "quota", "poor", "--requests-per-second", "1")
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {poor.token}"}) as http:
        other = Asker(http)

        def refused() -> bool:
            return other("GET", "/v1/tasks").status_code == 429

        eventually(refused, seconds=10, what="the quota")
        eventually(lambda: other("GET", "/v1/queues").status_code == 403, seconds=10, what="another second")
        ask.answers += other.answers
    command(service, "user", "remove", "poor")


def test_answers_are_as_they_are_written(answers: list[Answer]) -> None:
    found = [
        f"{method} {path} {answer.status_code}: {fault}"
        for method, path, answer in answers
        for fault in faults(method, path, answer.status_code, headers=lower(answer), body=document(answer))
    ]
    assert not found, "\n".join(found)


def lower(answer: httpx.Response) -> dict[str, str]:
    return {name.lower(): value for name, value in answer.headers.items()}


def document(answer: httpx.Response) -> Any:
    """The body, if it is JSON; None if it is not."""
    is_json = answer.headers.get("content-type", "").endswith("json")
    return answer.json() if is_json and answer.content else None


def test_every_operation_was_asked(answers: list[Answer]) -> None:
    asked = {(method.lower(), path) for method, path, _ in answers}
    assert asked == set(operations())
    seen = {answer.status_code for *_, answer in answers}
    assert {200, 202, 204, 304, 400, 401, 403, 404, 406, 409, 415, 422, 424, 429} <= seen


def operations() -> Iterator[tuple[str, str]]:
    for path, item in definition()["paths"].items():
        yield from ((method, path) for method in item if method != "parameters")


#: Its GET does work.
WITHOUT_HEAD: Final = ("/resource/init",)


def test_options_names_the_methods_of_every_route(service: Service) -> None:
    for path, item in definition()["paths"].items():
        answer = httpx.options(service.url + path.format(**dict.fromkeys(NAMES, "x")))
        methods = {method.upper() for method in item if method != "parameters"}
        if "GET" in methods and path not in WITHOUT_HEAD:
            methods.add("HEAD")
        assert (answer.status_code, answer.content) == (200, b""), path
        assert set(answer.headers["Allow"].split(", ")) == methods, path
        other = httpx.request("PATCH" if "PATCH" not in methods else "PUT", answer.url)
        assert other.status_code == 405, path
        assert set(other.headers["Allow"].split(", ")) - {"OPTIONS"} == methods, path


def test_what_is_not_written_is_found() -> None:
    good = {"x-request-id": "1", "content-type": "application/json"}
    live = ("GET", "/health/live")
    assert not [*faults(*live, 200, headers=good, body={"status": "alive"})]
    assert [*faults(*live, 418, headers=good)] == ["the status 418"]
    assert [*faults(*live, 200, headers={**good, "x-more": "1"})] == ["the header x-more"]
    assert [*faults(*live, 200, headers={})] == ["no header x-request-id"]
    assert [*faults(*live, 200, headers={**good, "x-request-id": ""})]
    assert [*faults(*live, 200, headers=good, body={"status": "alive", "more": 1})]
    assert [*faults(*live, 200, headers={**good, "content-type": "text/plain"}, body={})]
