"""A version as a zip: what is in it, and that plain LightGBM answers as the service does by what its README says."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, Form, Media, Promote
from tasks.errors import UnknownVersion
from tasks.exchange.exporting import export, find_version
from tasks.learning import fitting, ingest, predicting
from tasks.ledger.groups import Current
from tasks.worker.runtime import Runtime, make_runtime
from tests.servers import Valkey

#: What the rows are estimated with: seen and unseen categories, missing values, a value that training never missed.
ASKED: list[dict[str, Any]] = [
    {"area": 50, "city": "Ulm", "new": True, "floor": 2},
    {"area": 70.5, "city": "Atlantis", "new": False, "floor": None},
    {"area": 90, "city": None, "new": True, "floor": 1},
    {"area": None, "city": "Köln", "new": False, "floor": 3},
]


def train(runtime: Runtime, model: str, target: str, *, kind: Any) -> None:
    rows = [
        {
            "area": 20 + index % 70,
            "city": (None if index % 11 == 0 else ("Bonn", "Köln", "Ulm")[index % 3]),
            "new": index % 2 == 0,
            "floor": None if index % 7 == 0 else index % 5,
            target: kind(index),
        }
        for index in range(300)
    ]
    table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
    asked = ingest.Request(model=model, target=target, estimator=DEFAULT_ESTIMATOR, options={})
    ingest.initialise(runtime, asked, table)
    request = fitting.Request(model=model, params={"num_iterations": 15}, promote=Promote.ALWAYS)
    fitting.fit(runtime, request, report=lambda *_: None)


def estimates(runtime: Runtime, model: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    body = msgspec.json.encode({"rows": rows})
    current = runtime.registry.current(model)
    assert current
    found = predicting.answer(
        runtime, [predicting.Request(model=model, body=body)], currents={model: Current(current, "")}
    )
    return msgspec.json.decode(found[0].body, type=dict[str, Any])


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Valkey() as valkey:
        made = make_runtime(Settings(redis_url=valkey.redis_url))
        train(made, "prices", "price", kind=lambda i: (20 + i % 70) * 3.0 + (i % 3) * 40 + (i % 2) * 10)
        train(made, "dear", "dear", kind=lambda i: "yes" if (i % 70) + (i % 3) * 20 > 50 else "no")
        train(made, "sizes", "size", kind=lambda i: ("small", "middle", "large")[((i % 70) + (i % 3) * 20) // 40])
        yield made


def unpacked(data: bytes, folder: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        archive.extractall(folder)
        return {name: archive.read(name) for name in archive.namelist()}


def test_a_zip_has_all_that_is_known_and_its_hashes(runtime: Runtime, tmp_path: Path) -> None:
    files = unpacked(export(runtime, "prices", 1), tmp_path)
    assert set(files) == {
        *("README.md", "header.json", "manifest.json", "metrics.json", "model.txt", "params.json", "plan.json"),
        *("report.html", "schema.json", "version.json"),
    }
    manifest = json.loads(files.pop("manifest.json"))
    assert {name: said["sha256"] for name, said in manifest["files"].items()} == {
        name: hashlib.sha256(data).hexdigest() for name, data in files.items()
    }
    record = runtime.registry.version("prices", 1)
    assert b"".join(files[name] for name in manifest["artefact"]) == runtime.blobs.get(record.artefact)
    assert json.loads(files["metrics.json"])["metrics"] == record.metrics
    assert json.loads(files["params.json"])["params"] == {"num_iterations": 15}
    assert files["model.txt"].startswith(b"tree\n")


def test_the_same_version_makes_the_same_bytes(runtime: Runtime) -> None:
    assert export(runtime, "prices", 1) == export(runtime, "prices", 1)


@pytest.mark.parametrize("model", ["prices", "dear", "sizes"])
def test_plain_lightgbm_answers_alike_by_what_the_readme_says(
    runtime: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, model: str
) -> None:
    files = unpacked(export(runtime, model, 1), tmp_path)
    code = files["README.md"].decode().partition("```python\n")[2].partition("```")[0]
    assert code
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    exec(code, names)
    found, known = names["raw"](ASKED).tolist(), estimates(runtime, model, ASKED)
    if model == "prices":
        assert found == known["predictions"]
    elif model == "dear":
        assert found == [chances[1] for chances in known["probabilities"]]
    else:
        assert found == known["probabilities"]


def test_a_version_is_found_by_number_alias_and_as_the_current_one(runtime: Runtime) -> None:
    runtime.aliases.set("prices", "champion", 1, who="a test")
    assert [find_version(runtime, "prices", name) for name in ("1", "champion", "current")] == [1, 1, 1]
    with pytest.raises(UnknownVersion, match="champion"):
        find_version(runtime, "prices", "loser")
    with pytest.raises(UnknownVersion, match="no version 9"):
        export(runtime, "prices", 9, form=Form.ZIP)
