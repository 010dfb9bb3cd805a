"""A version taken along through HTTP and the command line."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tasks.client import Client
from tasks.errors import InvalidField
from tasks.redis_keys import GROUP_KEY
from tests.commands import add_account, mlservice, said
from tests.service import Service
from tests.unit.tasks.exchange import mlflow_folders

MODEL = "taken-along"
ROWS = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(12) for b in range(12)]


@pytest.fixture(scope="module", autouse=True)
def model(service: Service) -> None:
    made = service.init(MODEL, json.dumps({"rows": ROWS}).encode(), target="y")
    assert made.status_code == 200, made.text
    assert service.train(MODEL, params={"num_iterations": 5}).status_code == 200


@pytest.fixture
def browser(service: Service) -> Iterator[httpx.Client]:
    """Somebody who may only ask the model."""
    add_account("asks", "estimate", home=service.home, password="a long password")
    with httpx.Client(base_url=service.url, timeout=70) as client:
        answer = client.post("/v1/token", auth=("asks", "a long password")).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client


def path(version: object = "current") -> str:
    return f"/v1/models/{MODEL}/versions/{version}/artefact"


def test_a_version_is_one_file_by_whatever_name_it_is_asked_for(service: Service) -> None:
    found = service.http.get(path())
    assert (found.status_code, found.headers["Content-Type"]) == (200, "application/zip"), found.text
    assert found.headers["Content-Disposition"] == f'attachment; filename="{MODEL}-1.zip"'
    with zipfile.ZipFile(io.BytesIO(found.content)) as archive:
        assert {"README.md", "model.txt", "version.json"} <= set(archive.namelist())
    service.http.put(f"/v1/models/{MODEL}/aliases/champion", json={"version": 1}).raise_for_status()
    assert [service.http.get(path(name)).content for name in (1, "champion")] == [found.content] * 2
    head = service.http.head(path(1))
    for name in ("ETag", "Content-Length", "Content-Type", "Content-Disposition"):
        assert head.headers[name] == found.headers[name]
    known = service.http.get(path(1), headers={"If-None-Match": found.headers["ETag"]})
    assert (known.status_code, known.content) == (304, b"")


def test_what_is_not_there_is_refused(service: Service, browser: httpx.Client) -> None:
    asked = {name: service.http.get(path(name)) for name in (9, "loser", "0", "9" * 12)}
    assert {name: answer.status_code for name, answer in asked.items()} == dict.fromkeys(asked, 404)
    assert "champion" in asked["loser"].json()["detail"] or "none" in asked["loser"].json()["detail"]
    assert service.http.get(path(), params={"format": "pickle"}).json()["pointer"] == "?format"
    assert service.http.get("/v1/models/nothing/versions/current/artefact").status_code == 404
    # Who may ask a model may not take it away.
    assert browser.get(path()).status_code == 403


def test_a_request_that_does_not_wait_is_told_which_task_makes_the_file(service: Service) -> None:
    service.train(MODEL, params={"num_iterations": 6}).raise_for_status()
    first = service.http.get(path(2), headers={"Prefer": "wait=0"})
    assert first.status_code == 202, first.text
    task = service.http.get(first.headers["Location"] + "/result", headers={"Prefer": "wait=30"})
    assert task.content == service.http.get(path(2)).content
    # It is made once, and again when its result is gone.
    assert service.http.get("/v1/tasks", params={"model": MODEL}).json()["tasks"][0]["id"] == first.json()["id"]
    with service.master() as master:
        master.delete(GROUP_KEY.format(group=first.json()["id"].partition("-")[0]))
    again = service.http.get(path(2), headers={"Prefer": "wait=30"})
    assert (again.status_code, again.headers["Preference-Applied"]) == (200, "wait=30")
    assert again.content == task.content


def test_a_version_is_had_as_onnx(service: Service, tmp_path: Path) -> None:
    found = service.http.get(path(1), params={"format": "onnx"})
    assert (found.status_code, found.headers["Content-Type"]) == (200, "application/octet-stream"), found.text
    assert found.headers["Content-Disposition"] == f'attachment; filename="{MODEL}-1.onnx"'
    out = tmp_path / "model.onnx"
    said("models", "export", MODEL, "--version", "1", "--format", "onnx", "--out", out, home=service.home)
    assert out.read_bytes() == found.content


def test_the_command_writes_the_same_file_and_replaces_none(service: Service, tmp_path: Path) -> None:
    service.http.put(f"/v1/models/{MODEL}/aliases/champion", json={"version": 1}).raise_for_status()
    out = tmp_path / "model.zip"
    assert said("models", "export", MODEL, "--version", "1", "--out", out, home=service.home) == f"{out}\n"
    assert out.read_bytes() == service.http.get(path(1)).content
    assert Client(service.redis_url).export(MODEL, version="champion").result(timeout=30) == out.read_bytes()
    with pytest.raises(InvalidField, match="format must be zip or onnx, not 'pmml'"):
        Client(service.redis_url).export(MODEL, form="pmml")
    again = mlservice("models", "export", MODEL, "--version", "1", "--out", out, home=service.home)
    assert (again.returncode, "File exists" in again.stderr) == (1, True)
    unknown = mlservice("models", "export", "nothing", "--out", tmp_path / "x", home=service.home)
    assert (unknown.returncode, (tmp_path / "x").exists()) == (1, False)


def test_a_model_of_elsewhere_becomes_a_version_that_serves(service: Service, tmp_path: Path) -> None:
    booster = mlflow_folders.booster()
    folder = tmp_path / "forest"
    folder.mkdir()
    for name, data in mlflow_folders.folder(booster).items():
        (folder / name).write_bytes(data)
    done = said("import", folder, "--model", "brought", "--target", "price", home=service.home)
    assert done == "forest is version 1 of brought, which answers estimates now\n"
    row = {"the area": 90, "rooms": 2, "city": "Ulm", "new": True}
    found = service.estimate("brought", {"rows": [row]}).raise_for_status().json()["predictions"]
    assert found == mlflow_folders.answers(booster, [row])
    version = service.http.get("/v1/models/brought/versions/1").json()
    assert {name: version["imported"][name] for name in ("kind", "source", "who")} == {
        **{"kind": "mlflow", "source": "forest"},
        "who": "the command line",
    }
    fact = service.http.get("/v1/models/brought/history").json()["history"][0]
    assert (fact["who"], fact["why"]) == ("the command line", "imported from forest")
    assert "brought" in [one["model"] for one in service.http.get("/v1/models").json()["models"]]
    # There are no rows of it here to learn from, and no report.
    assert service.train("brought").status_code == 424
    assert "imported from forest" in service.http.get("/v1/models/brought/versions/1/report").json()["detail"]


def test_what_was_taken_along_comes_back(service: Service, tmp_path: Path) -> None:
    out = tmp_path / "model.zip"
    said("models", "export", MODEL, "--version", "1", "--out", out, home=service.home)
    done = said("import", out, "--model", "returned", "--promote", "never", home=service.home)
    assert done == "model.zip is version 1 of returned, which answers nothing until it is promoted\n"
    said("models", "promote", "returned", "1", home=service.home)
    rows = [{"a": 3, "b": 4}]
    answers = [service.estimate(name, {"rows": rows}, version=1).json()["predictions"] for name in (MODEL, "returned")]
    assert answers[0] == answers[1]
    out.write_bytes(out.read_bytes()[:-30])
    cut = mlservice("import", out, "--model", "cut", home=service.home)
    assert (cut.returncode, service.http.get("/v1/models/cut").status_code) == (1, 404)
    assert "cannot be read" in cut.stderr
