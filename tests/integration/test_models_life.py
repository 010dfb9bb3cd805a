"""Models, versions and data are deleted, versions get names, and what happened to a model stays known."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

import httpx
import pytest

from tasks.client import Client
from tasks.estimators import lightgbm
from tasks.registry.glances import referenced
from tasks.registry.models_registry import Registry
from tests.commands import mlservice
from tests.integration.test_auth import add
from tests.servers import eventually
from tests.service import Service

ROWS = [{"x": i, "y": 2 * i} for i in range(40)]


@pytest.fixture
def model(service: Service, request: pytest.FixtureRequest) -> str:
    """A model of the test's own with two versions, of which the second is current."""
    return trained(service, re.sub("[^a-z0-9]+", "-", f"life-{request.node.name}".lower())[-60:].strip("-"))


@pytest.fixture(scope="module")
def kept(service: Service) -> str:
    """The same for tests that leave it its versions."""
    return trained(service, "life-kept")


def trained(service: Service, name: str) -> str:
    assert service.init(name, {"rows": ROWS}, target="y").status_code == 200
    for _ in range(2):
        assert service.train(name, params={"num_iterations": 3}).status_code == 200
    return name


def facts(service: Service, model: str) -> list[tuple[str, Any]]:
    """(what, version) of all that happened, the newest first; the first account asked for all of it."""
    answer = service.http.get(f"/v1/models/{model}/history").json()
    assert {fact["who"] for fact in answer["history"]} == {"admin"}
    return [(fact["what"], fact["version"]) for fact in answer["history"]]


def test_a_version_goes_and_the_current_one_only_by_force(service: Service, model: str) -> None:
    path = f"/v1/models/{model}/versions"
    refused = service.http.delete(f"{path}/2")
    assert refused.status_code == 409
    assert "promote another first, or say force=true" in refused.json()["detail"]
    assert service.estimate(model, {"rows": [[3]]}, version=1).status_code == 200
    assert service.http.delete(f"{path}/1").json() == {"model": model, "version": 1, "deleted": True}
    gone = [
        service.http.get(f"{path}/1"),
        service.http.get(f"{path}/1/report"),
        service.http.get(f"{path}/1/artefact"),
        service.http.delete(f"{path}/1"),
        service.http.post(f"{path}/1/promote"),
        service.http.put(f"/v1/models/{model}/aliases/old", json={"version": 1}),
        service.http.patch(f"{path}/1", json={"notes": "x"}, headers={"Content-Type": "application/merge-patch+json"}),
        service.estimate(model, {"rows": [[3]]}, version=1),
        service.train(model, from_version=1),
    ]
    assert [answer.status_code for answer in gone] == [404] * len(gone)
    # Who and when is told of each.
    said = f"the model {model} has no version 1 any more: version deleted by admin at 20"
    assert [answer.json()["detail"][: len(said)] for answer in gone] == [said] * len(gone)
    assert "any more" not in service.http.get(f"{path}/9").json()["detail"]
    assert service.estimate(model, {"rows": [[3]]}).json()["version"] == 2
    assert service.http.delete(f"{path}/2", params={"force": "true"}).status_code == 200
    assert service.estimate(model, {"rows": [[3]]}).status_code == 424
    assert service.train(model).json()["version"] == 3, "a number is not used again"
    assert facts(service, model) == [
        *(("version", 3), ("version deleted", 2), ("version deleted", 1)),
        *(("version", 2), ("version", 1), ("data", None)),
    ]


def test_data_goes_and_versions_answer_on(service: Service, model: str) -> None:
    assert service.http.delete(f"/v1/models/{model}/snapshot").status_code == 200
    described = service.http.get(f"/v1/models/{model}").json()
    assert described["snapshot"] is None
    assert (described["target"], described["problem"]) == ("y", "regression")
    assert service.estimate(model, {"rows": [[3]]}).status_code == 200
    assert service.train(model).status_code == 424
    again = service.http.delete(f"/v1/models/{model}/snapshot")
    assert again.status_code == 404
    assert "it was deleted" in again.json()["detail"]
    assert service.init(model, {"rows": ROWS}, target="y").status_code == 200
    assert service.train(model).json()["version"] == 3


def test_a_model_of_which_nothing_is_left_is_gone(service: Service, model: str) -> None:
    path = f"/v1/models/{model}"
    for part in ("versions/1", "snapshot", "versions/2"):
        assert service.http.delete(f"{path}/{part}", params={"force": "true"}).status_code == 200
    assert model not in [entry["model"] for entry in service.http.get("/v1/models").json()["models"]]
    assert service.http.get(path).status_code == 404
    with service.master() as client:
        assert referenced(client), "the sweep goes on"


def test_a_train_does_not_bring_a_deleted_model_back(service: Service, model: str) -> None:
    body = {"params": {"num_iterations": 3000, "early_stopping_rounds": 0}}
    train = service.http.post(f"/v1/models/{model}/train", json=body).json()["id"]
    task = f"/v1/tasks/{train}"
    eventually(lambda: service.http.get(task).json()["state"] == "running", seconds=20, what="the train")
    assert service.http.delete(f"/v1/models/{model}", params={"force": "true"}).status_code == 200
    eventually(lambda: service.http.get(task).json()["state"] == "failed", seconds=60, what="the end of the train")
    assert "was deleted while a version of it was trained" in service.http.get(task).json()["error"]["detail"]
    assert service.http.get(f"/v1/models/{model}").status_code == 404


def test_a_model_goes_and_its_history_says_who_and_when(service: Service, model: str) -> None:
    path = f"/v1/models/{model}"
    refused = service.http.delete(path)
    assert refused.status_code == 409
    assert "has a current version" in refused.json()["detail"]
    assert service.http.delete(path, params={"force": "perhaps"}).status_code == 422
    assert service.http.delete(path, params={"force": "true"}).json() == {"model": model, "deleted": True}
    gone = service.http.get(path)
    assert gone.status_code == 404
    assert "any more: model deleted by admin at 20" in gone.json()["detail"]
    assert model not in [entry["model"] for entry in service.http.get("/v1/models").json()["models"]]
    assert service.estimate(model, {"rows": [[3]]}).status_code == 424
    assert facts(service, model)[0] == ("model deleted", None)
    assert service.http.delete(path).status_code == 404
    assert service.init(model, {"rows": [{"x": i, "y": -i} for i in range(40)]}, target="y").status_code == 200
    assert service.train(model).json()["version"] == 3
    assert service.estimate(model, {"rows": [[30]]}).json()["predictions"][0] < 0, "no process remembers the old one"


def test_what_unfinished_work_is_about_stays(service: Service, model: str) -> None:
    body = {"params": {"num_iterations": 100_000, "early_stopping_rounds": 0}}
    task = service.http.post(f"/v1/models/{model}/train", json=body).json()["id"]
    for path in (f"/v1/models/{model}/snapshot", f"/v1/models/{model}"):
        refused = service.http.delete(path)
        assert refused.status_code == 409
        assert "is unfinished" in refused.json()["detail"]
    service.http.delete(f"/v1/tasks/{task}")
    eventually(lambda: service.http.get(f"/v1/tasks/{task}").json()["state"] == "cancelled", seconds=20, what="cancel")
    assert service.http.delete(f"/v1/models/{model}", params={"force": "true"}).status_code == 200


def test_history_comes_in_pages(service: Service, model: str) -> None:
    path = f"/v1/models/{model}/history"
    first = service.http.get(path, params={"limit": 2}).json()
    assert [fact["version"] for fact in first["history"]] == [2, 1]
    assert first["history"][0]["why"] == "promote was 'always'"
    assert first["history"][0]["promoted"]
    rest = service.http.get(path, params={"limit": 2, "before": first["next"]}).json()
    assert [fact["what"] for fact in rest["history"]] == ["data"]
    assert rest["next"] is None
    assert rest["history"][0]["task"].endswith("-0")
    assert service.http.get(path, params={"before": 0}).json() == {"history": [], "next": None}
    for params in ({}, {"before": 50}):
        assert service.http.get("/v1/models/never-there/history", params=params).status_code == 404


def test_the_command_line_does_the_same(service: Service, model: str) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        return mlservice("models", *words, home=service.home)

    assert f"{model}\tlightgbm\tregression\ty\t2\t2\t-\t-\n" in run("list").stdout
    noted = run("note", model, "--notes", "of the command line", "--tag", "life=cli", "--tag", "gone")
    assert json.loads(noted.stdout) == {"notes": "of the command line", "tags": {"life": "cli"}}
    assert run("list", "--tag", "life:cli").stdout == f"{model}\tlightgbm\tregression\ty\t2\t2\t-\tlife=cli\n"
    assert run("promote", model, "1", "--reason", "it is simpler").returncode == 0
    assert json.loads(run("show", model).stdout)["current"] == 1
    refused = run("delete", model, "--version", "1")
    assert refused.returncode == 1
    assert refused.stderr.startswith("mlservice: version 1 is the current one")
    assert run("delete", model, "--version", "2").returncode == 0
    lines = run("show", model, "--history").stdout.splitlines()
    assert [line.split("\t")[1:] for line in lines[:3]] == [
        ["version deleted", "2", "the command line", "-"],
        ["promoted", "1", "the command line", "it is simpler"],
        ["noted", "-", "the command line", "changed notes, tags.life"],
    ]
    assert run("delete", model, "--force").returncode == 0
    assert run("show", model).returncode == 1


def test_an_alias_moves_what_answers(service: Service, model: str) -> None:
    path = f"/v1/models/{model}/aliases/champion"
    assert service.http.put(path, json={"version": 1}).json() == {"model": model, "alias": "champion", "version": 1}
    assert service.http.get(f"/v1/models/{model}").json()["aliases"] == {"champion": 1}
    assert service.http.put(path, json={"version": 1.0}).json()["version"] == 1
    assert service.estimate(model, {"rows": [[3]]}, version="champion").json()["version"] == 1
    refused = service.http.delete(f"/v1/models/{model}/versions/1")
    assert refused.status_code == 409
    assert "has an alias" in refused.json()["detail"]
    assert service.http.put(path, json={"version": 2}).status_code == 200
    assert service.estimate(model, {"rows": [[3]]}, version="champion").json()["version"] == 2
    assert service.http.delete(path).status_code == 200
    assert service.http.delete(path).status_code == 404
    unknown = service.estimate(model, {"rows": [[3]]}, version="champion")
    assert unknown.status_code == 404
    assert "no version or alias 'champion'; its aliases: there is none" in unknown.json()["detail"]
    assert facts(service, model)[:3] == [("alias removed", 2), ("alias set", 2), ("alias set", 1)]


@pytest.mark.parametrize(
    ("alias", "body", "status"),
    [("current", {"version": 1}, 422), ("7", {"version": 1}, 422), ("champion", {"version": 9}, 404)],
)
def test_an_alias_that_cannot_be(service: Service, model: str, alias: str, body: dict[str, Any], status: int) -> None:
    assert service.http.put(f"/v1/models/{model}/aliases/{alias}", json=body).status_code == status
    for other in ({"verison": 1}, {"version": 1.5}, {"version": "1"}):
        assert service.http.put(f"/v1/models/{model}/aliases/champion", json=other).status_code == 422
    assert service.http.put(f"/v1/models/{model}/aliases/champion", content=b"{").status_code == 400
    assert service.http.get(f"/v1/models/{model}").json()["aliases"] == {}


def test_a_version_says_where_it_comes_from_and_when_it_was_current(service: Service, model: str) -> None:
    body = {"params": {"num_iterations": 2}, "promote": "always"}
    headers = {"Prefer": "wait=60", "X-Request-Id": "my-notebook-7"}
    made = service.http.post(f"/v1/models/{model}/train", json=body, headers=headers).json()
    path = f"/v1/models/{model}/versions"
    assert service.http.post(f"{path}/1/promote").status_code == 200
    version = service.http.get(f"{path}/{made['version']}").json()
    lineage = version["lineage"]
    assert (lineage["who"], lineage["request_id"]) == ("admin", "my-notebook-7")
    assert lineage["code"]["package"] == "mlservice"
    assert lineage["code"]["service"] == lineage["code"]["version"] == metadata.version("mlservice")
    source = Path(lightgbm.__file__).read_bytes()
    assert lineage["code"]["source_sha256"] == hashlib.sha256(source).hexdigest()
    assert lineage["packages"]["lightgbm"] == metadata.version("lightgbm")
    assert {"python", "numpy", "pyarrow", "scikit-learn"} <= lineage["packages"].keys()
    assert version["params"] == {"num_iterations": 2}
    assert version["params_used"]["num_iterations"] == 2
    assert version["fingerprint"] == service.http.get(f"/v1/models/{model}").json()["snapshot"]["fingerprint"]
    assert version["schema"]["columns"][0]["name"] == "x"
    (third,) = version["current_periods"]
    earlier, since = service.http.get(f"{path}/1").json()["current_periods"]
    (second,) = service.http.get(f"{path}/2").json()["current_periods"]
    assert earlier["to"] == second["from"] < second["to"] == third["from"] < third["to"] == since["from"]
    assert since["to"] is None


def test_versions_share_a_schema_and_come_in_pages(service: Service, kept: str) -> None:
    path = f"/v1/models/{kept}/versions"
    first = service.http.get(path, params={"limit": 1}).json()
    assert (first["version_count"], [line["version"] for line in first["versions"]]) == (2, [2])
    rest = service.http.get(first["next"]).json()
    assert ([line["version"] for line in rest["versions"]], rest["next"]) == ([1], None)
    described = service.http.get(f"/v1/models/{kept}").json()
    assert described["versions"] == [*rest["versions"], *first["versions"]]
    with service.master() as client:
        versions = Registry(client).model(kept).versions.values()
        assert len({version.schema_blob for version in versions}) == 1
        assert {bytes(version.schema) for version in versions} == {b"null"}
        one = next(iter(versions)).schema_blob
        assert one in referenced(client), "the sweep leaves it"
    assert service.http.get(path, params={"after": "x"}).status_code == 422


def test_models_come_in_pages_to_who_may_see_them(service: Service, kept: str) -> None:
    page = service.http.get("/v1/models", params={"limit": 1, "after": kept[:-1]}).json()
    assert [entry["model"] for entry in page["models"]] == [kept]
    other = add(service, "life-other", f"estimate:{kept}", "models:write:never-there")
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {other.token}"}) as http:
        assert http.get("/v1/models").json() == {"models": page["models"], "next": None}
        assert http.get("/v1/models", params={"after": kept}).json()["models"] == []
    begins = service.http.get("/v1/models", params={"limit": 1, "prefix": kept}).json()
    assert [entry["model"] for entry in begins["models"]] == [kept]


def test_notes_and_tags_are_merged_and_told_in_history(service: Service, kept: str) -> None:
    path = f"/v1/models/{kept}"
    first = service.http.patch(path, json={"notes": "first", "tags": {"stage": "trial", "owner": "Ada \u00e9"}})
    assert first.json() == {"model": kept, "notes": "first", "tags": {"owner": "Ada \u00e9", "stage": "trial"}}
    again = service.http.patch(path, json={"notes": None, "tags": {"owner": None, "stage": "live"}})
    assert again.json() == {"model": kept, "notes": "", "tags": {"stage": "live"}}
    assert service.http.patch(path, json={"tags": {"stage": "live"}}).status_code == 200, "the same again"
    version = {"model": kept, "version": 1, "notes": "", "tags": {"a": ""}}
    assert service.http.patch(f"{path}/versions/1", json={"tags": {"a": ""}}).json() == version
    described = service.http.get(path).json()
    assert (described["notes"], described["tags"]) == ("", {"stage": "live"})
    assert [line["tags"] for line in described["versions"]] == [{"a": ""}, {}]
    assert service.http.get(f"{path}/versions/1").json()["tags"] == {"a": ""}
    told = service.http.get(f"{path}/history", params={"limit": 3}).json()["history"]
    assert [(fact["what"], fact["version"], fact["why"]) for fact in told] == [
        ("noted", 1, "changed tags.a"),
        ("noted", None, "changed notes, tags.owner, tags.stage"),
        ("noted", None, "changed notes, tags.owner, tags.stage"),
    ]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ([], ""),
        ({"note": "x"}, "/note"),
        ({"notes": 1}, "/notes"),
        ({"notes": "x" * 10_001}, "/notes"),
        ({"notes": "a\0b"}, "/notes"),
        ({"tags": []}, "/tags"),
        ({"tags": {"a b": "x"}}, "/tags"),
        ({"tags": {"stage": 1}}, "/tags/stage"),
        ({"tags": {"stage": "x" * 201}}, "/tags/stage"),
        ({"tags": {f"t{n}": "" for n in range(51)}}, "/tags"),
    ],
)
def test_notes_that_cannot_be_change_nothing(service: Service, kept: str, body: Any, pointer: str) -> None:
    path = f"/v1/models/{kept}"
    before = service.http.get(path).content
    answer = service.http.patch(path, json=body)
    assert (answer.status_code, answer.json()["pointer"]) == (422, pointer)
    assert service.http.get(path).content == before


def test_what_was_changed_meanwhile_is_not_overwritten(service: Service, kept: str) -> None:
    for path in (f"/v1/models/{kept}", f"/v1/models/{kept}/versions/1"):
        tag = {"If-Match": service.http.get(path).headers["ETag"]}
        assert service.http.get(path, headers={"If-None-Match": tag["If-Match"]}).status_code == 304
        assert service.http.patch(path, json={"notes": "mine"}, headers=tag).status_code == 200
        late = service.http.patch(path, json={"notes": "also mine"}, headers=tag)
        assert late.status_code == 412
        for other in ('"another"', "no tag", ""):
            assert service.http.patch(path, json={"notes": "x"}, headers={"If-Match": other}).status_code == 412
        assert service.http.patch(path, json={}, headers={"If-Match": "*"}).status_code == 200
        assert "read it again" in late.json()["detail"]
        assert service.http.get(path).json()["notes"] == "mine"
    assert service.http.patch("/v1/models/never-there", json={}).status_code == 404
    assert service.http.patch(f"/v1/models/{kept}/versions/9", json={}).status_code == 404
    assert service.http.patch(f"/v1/models/{kept}", content=b"{").status_code == 400


def test_tags_find_models_and_versions(service: Service, model: str) -> None:
    def models(tag: str) -> list[str]:
        return [entry["model"] for entry in service.http.get("/v1/models", params={"tag": tag}).json()["models"]]

    def versions(tag: str) -> list[int]:
        page = service.http.get(f"/v1/models/{model}/versions", params={"tag": tag, "limit": 1}).json()
        rest = service.http.get(page["next"]).json()["versions"] if page["next"] else []
        return [line["version"] for line in page["versions"] + rest]

    service.http.patch(f"/v1/models/{model}", json={"tags": {"found-by": "a:b"}})
    for number in (1, 2):
        service.http.patch(f"/v1/models/{model}/versions/{number}", json={"tags": {"of": f"t{number}"}})
    assert models("found-by") == models("found-by:a:b") == [model]
    assert models("found-by:a") == models("found") == []
    assert (versions("of"), versions("of:t1"), versions("of:t")) == ([2, 1], [1], [])
    other = add(service, "life-finder", f"estimate:{model}")
    with httpx.Client(base_url=service.url, headers={"Authorization": f"Bearer {other.token}"}) as http:
        for tag, found in (("found-by", 1), ("other", 0)):
            assert len(http.get("/v1/models", params={"tag": tag}).json()["models"]) == found
    service.http.delete(f"/v1/models/{model}/versions/1")
    assert versions("of") == [2]
    service.http.delete(f"/v1/models/{model}", params={"force": "true"})
    assert models("found-by") == []
    with service.master() as client:
        left: Any = client.keys(f"ml:*:{model}")
        assert sorted(left) == [f"ml:history:{model}".encode(), f"ml:model:{model}".encode()]
    assert service.http.get("/v1/models", params={"tag": "a b"}).status_code == 422


def test_a_promotion_says_who_and_why(service: Service, kept: str) -> None:
    path = f"/v1/models/{kept}/versions/1/promote"
    wrong: list[Any] = [{"reasons": "x"}, {"reason": 1}, {"reason": "x" * 1001}, [], None]
    for body in wrong:
        assert service.http.post(path, content=json.dumps(body)).status_code == 422
    assert service.http.post(path, json={"reason": "better on last week's rows"}).status_code == 200
    assert service.http.post(path).status_code == 200
    told = service.http.get(f"/v1/models/{kept}/history", params={"limit": 2}).json()["history"]
    assert [(fact["what"], fact["who"], fact["why"]) for fact in told] == [
        ("promoted", "admin", None),
        ("promoted", "admin", "better on last week's rows"),
    ]


def test_python_looks_after_models(service: Service, model: str) -> None:
    models = Client(service.redis_url, owner="life").models
    models.note(model, tags={"by": "python"})
    models.note(model, 1, notes="the first")
    models.promote(model, 1, reason="a trial")
    models.set_alias(model, "second", 2)
    assert list(models.list(tag="by:python")) == [model]
    assert [(number, line.notes.notes) for number, line in models.versions(model)] == [(2, ""), (1, "the first")]
    described = models.version(model, 1)
    assert described.version.lineage is not None
    assert (described.current, described.version.lineage.who, len(described.periods or [])) == (True, "admin", 2)
    assert models.describe(model).aliases == {"second": 2}
    models.remove_alias(model, "second")
    models.delete_version(model, 2)
    models.delete_data(model)
    models.delete(model, force=True)
    assert [(fact.what, fact.who) for fact in models.history(model)][:3] == [
        *(("model deleted", "life"), ("data deleted", "life"), ("version deleted", "life")),
    ]
