"""A version as a zip: what is in it, and that plain LightGBM answers as the service does by what its README says."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest

from tasks.contract import Form
from tasks.errors import UnknownVersion
from tasks.exchange.exporting import export, find_version
from tasks.worker.runtime import Runtime
from tests.unit.tasks.exchange.conftest import ASKED, estimates


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


@pytest.mark.parametrize("model", ["prices", "spread", "dear", "sizes"])
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
    elif model == "spread":
        assert found == known["quantiles"]
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
