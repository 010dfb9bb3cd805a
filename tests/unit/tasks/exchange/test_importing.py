"""Models of elsewhere become versions that answer as they did there; what is not one changes nothing."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import msgspec
import pytest

from tasks.contract import Promote
from tasks.errors import BodyTooLarge, Conflict, InvalidField, InvalidRequest, MalformedBody, UnknownModel
from tasks.exchange import archives
from tasks.exchange.exporting import export
from tasks.exchange.importing import Request, bring_in
from tasks.exchange.package import digest
from tasks.registry.schemas import with_schema
from tasks.worker.runtime import Runtime
from tests.unit.tasks.exchange import mlflow_folders as mlflow
from tests.unit.tasks.exchange.conftest import ASKED, estimates

#: Rows for models of MLflow: known and unknown categories, missing values.
ROWS: list[dict[str, Any]] = [
    {"the area": 55.5, "rooms": 3, "city": "Ulm", "new": True},
    {"the area": 120, "rooms": 1, "city": "Bonn", "new": False},
    {"the area": None, "rooms": 2, "city": "Köln", "new": True},
    {"the area": 180, "rooms": None, "city": "Atlantis", "new": None},
    {"the area": 20, "rooms": 5, "city": None, "new": False},
]


def bring(runtime: Runtime, model: str, data: bytes, **options: Any) -> dict[str, Any]:
    return bring_in(runtime, Request(model=model, source="a test", **options), data)


@pytest.mark.parametrize("model", ["prices", "spread", "dear", "sizes"])
def test_what_was_exported_comes_back_and_answers_alike(runtime: Runtime, model: str) -> None:
    data = export(runtime, model, 1)
    result = bring(runtime, f"{model}-again", data)
    assert (result["version"], result["promoted"]) == (1, True)
    found, known = estimates(runtime, f"{model}-again", ASKED), estimates(runtime, model, ASKED)
    for document in (found, known):
        del document["model"]
    assert found == known
    old, new = runtime.registry.version(model, 1), runtime.registry.version(f"{model}-again", 1)
    assert (new.metrics, new.params, new.importance, new.decision) == (
        old.metrics,
        old.params,
        old.importance,
        old.decision,
    )
    assert new.imported is not None
    assert new.imported.kind == "mlservice"
    assert new.imported.told == {"model": model, "version": "1", "fingerprint": old.fingerprint}
    # What came in goes out, and the same again.
    assert estimates(runtime, f"{model}-again", ASKED) == {**known, "model": f"{model}-again"}
    assert bring(runtime, f"{model}-again", export(runtime, f"{model}-again", 1))["version"] == 2


def test_a_booster_of_mlflow_answers_as_it_did(runtime: Runtime) -> None:
    model = mlflow.booster()
    bring(runtime, "mlflow-booster", mlflow.zipped({f"model/{n}": d for n, d in mlflow.folder(model).items()}))
    found = estimates(runtime, "mlflow-booster", ROWS)["predictions"]
    assert found == mlflow.answers(model, ROWS)
    version = with_schema(runtime.blobs, runtime.registry.version("mlflow-booster", 1))
    columns = {column["name"]: column for column in msgspec.json.decode(version.schema)["columns"]}
    assert {name: column["type"] for name, column in columns.items()} == {
        **{"the area": "number", "rooms": "number"},
        **{"city": "category", "new": "boolean"},
    }
    assert columns["city"]["categories"] == mlflow.LEVELS
    assert version.imported is not None
    assert (version.imported.kind, version.imported.told["mlflow_version"]) == ("mlflow", "3.17.2")


def test_a_classifier_that_skops_stored_gives_its_classes(runtime: Runtime) -> None:
    model = mlflow.booster("binary")
    data = mlflow.zipped(mlflow.classifier(model, ["cheap", "dear"]))
    bring(runtime, "mlflow-classes", data, target="kind")
    found = estimates(runtime, "mlflow-classes", ROWS)
    chances = mlflow.answers(model, ROWS)
    assert found["classes"] == ["cheap", "dear"]
    assert [both[1] for both in found["probabilities"]] == chances
    assert found["predictions"] == ["dear" if chance > 0.5 else "cheap" for chance in chances]


@pytest.mark.parametrize(
    ("objective", "params", "schema"),
    [
        ("regression", {}, {"target": "price"}),
        ("poisson", {}, {}),
        ("binary", {}, {"classes": [False, True]}),
        ("multiclass", {"num_class": 3}, {}),
        (
            "regression",
            {},
            {
                "columns": [
                    {"name": "the area", "type": "number"},
                    {"name": "rooms"},
                    {"name": "city", "type": "category", "categories": mlflow.LEVELS},
                    {"name": "new", "type": "boolean"},
                ]
            },
        ),
    ],
)
def test_a_text_of_lightgbm_answers_as_its_booster_does(
    runtime: Runtime, objective: str, params: dict[str, Any], schema: dict[str, Any]
) -> None:
    model = mlflow.booster(objective, **params)
    data = mlflow.zipped({"model.txt": mlflow.text(model), "schema.json": json.dumps(schema).encode()})
    bring(runtime, "plain-text", data, replace=True)
    rows = ROWS
    if "columns" not in schema:
        # The model's own names, and no word of booleans.
        rows = [
            {
                **{name.replace(" ", "_"): value for name, value in row.items()},
                "new": None if row["new"] is None else int(row["new"]),
            }
            for row in ROWS
        ]
    found, known = estimates(runtime, "plain-text", rows), mlflow.answers(model, ROWS)
    if objective == "binary":
        assert [both[1] for both in found["probabilities"]] == known
        assert {type(value) for value in found["predictions"]} == {bool}
    elif objective == "multiclass":
        assert found["probabilities"] == known
    else:
        assert found["predictions"] == known


def changed(data: bytes, **files: bytes | None) -> bytes:
    """A zip with other files; None takes one away."""
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        kept = {name: archive.read(name) for name in archive.namelist()}
    kept |= {name.replace("__", "."): content for name, content in files.items() if content is not None}
    gone = {name.replace("__", ".") for name, content in files.items() if content is None}
    return mlflow.zipped({name: content for name, content in kept.items() if name not in gone})


PICKLED = mlflow.DESCRIPTION.format(file="model.pkl", model="lightgbm.sklearn.LGBMRegressor").replace(
    "skops", "cloudpickle"
)
OTHER = "flavors:\n  xgboost:\n    data: model.json\nmlflow_version: 3.17.2\n"


@pytest.mark.parametrize(
    ("make", "said"),
    [
        (lambda ours: b"PK\x03\x04 but no more", "cannot be read"),
        (lambda ours: ours[: len(ours) // 2], "cannot be read"),
        (lambda ours: mlflow.zipped({"notes.txt": b"hello"}), "nothing is changed"),
        (lambda ours: changed(ours, schema__json=b"{}"), "hash differs"),
        (lambda ours: changed(ours, model__txt=None), "lacks 'model.txt'"),
        (lambda ours: changed(ours, more__txt=b"x"), "does not name"),
        (
            lambda ours: changed(ours, manifest__json=b'{"kind": "other"}'),
            "not one that `mlservice models export` writes",
        ),
        (lambda ours: mlflow.zipped({"MLmodel": PICKLED.encode(), "model.pkl": b"x"}), "stored with pickle"),
        (lambda ours: mlflow.zipped({"MLmodel": OTHER.encode(), "model.json": b"{}"}), "flavours 'xgboost'"),
        (lambda ours: mlflow.zipped({"MLmodel": b"a: [1", "model.lgb": b"x"}), "not valid YAML"),
        (lambda ours: mlflow.zipped({"MLmodel": b"[]"}), "not what MLflow writes"),
        (lambda ours: mlflow.zipped({"model.txt": b"hello", "schema.json": b"{}"}), "LightGBM's text format"),
        (
            lambda ours: mlflow.zipped(
                {"model.txt": mlflow.text(mlflow.booster()), "schema.json": b'{"columns": [{"name": "a"}]}'}
            ),
            "1 columns, the model 4",
        ),
        (
            lambda ours: mlflow.zipped(
                {"model.txt": mlflow.text(mlflow.booster("binary")), "schema.json": b'{"classes": ["a"]}'}
            ),
            "2 classes",
        ),
        (
            lambda ours: mlflow.zipped({"model.txt": mlflow.text(mlflow.booster()), "schema.json": b'{"colums": []}'}),
            "unknown fields: 'colums'; known are 'target', 'columns', 'classes'",
        ),
        (
            lambda ours: mlflow.zipped(
                {
                    "model.txt": mlflow.text(mlflow.booster()),
                    "schema.json": b'{"columns": [{"name": "a", "categry": []}]}',
                }
            ),
            "column 'a' of the schema has unknown fields: 'categry'; known are 'name'",
        ),
        (
            lambda ours: mlflow.zipped(
                {"MLmodel": b"flavors:\n  sklearn:\n    sklearn_version: 1.5\n    pickled_model: [a]\n"}
            ),
            "MLmodel is not what MLflow writes: Expected `str`, got `array`",
        ),
        (
            lambda ours: mlflow.zipped(
                {"MLmodel": b"flavors:\n  sklearn:\n    sklearn_version: 1.5\n    pickled_model: model.skops\n"}
            ),
            "names the file 'model.skops'",
        ),
        (
            lambda ours: mlflow.zipped(
                {"MLmodel": b"flavors: {sklearn: {}}\nsignature: {inputs: '" + b"[" * 5_000 + b"'}\n"}
            ),
            "the model cannot be read: RecursionError",
        ),
    ],
)
def test_what_is_no_model_is_refused_and_changes_nothing(runtime: Runtime, make: Any, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        bring(runtime, "refused", make(export(runtime, "prices", 1)))
    with pytest.raises(UnknownModel):
        runtime.registry.model("refused")


def test_what_a_zip_says_of_its_target_is_not_said_otherwise(runtime: Runtime) -> None:
    with pytest.raises(InvalidField, match="target is 'other', and the version that was exported predicts 'price'"):
        bring(runtime, "refused", export(runtime, "prices", 1), target="other")


def test_a_decision_that_does_not_fit_its_model_is_refused(runtime: Runtime) -> None:
    ours = export(runtime, "sizes", 1)
    with zipfile.ZipFile(io.BytesIO(ours)) as archive:
        record, manifest = json.loads(archive.read("version.json")), json.loads(archive.read("manifest.json"))
    record["decision"] = {"calibration": [{"x": [0.0, 1.0], "y": [0.0]}]}
    said = json.dumps(record).encode()
    manifest["files"]["version.json"]["sha256"] = digest(said)
    with pytest.raises(InvalidField, match="does not answer rows"):
        bring(runtime, "refused", changed(ours, version__json=said, manifest__json=json.dumps(manifest).encode()))


def test_a_model_in_use_gets_no_other_columns_by_mistake(runtime: Runtime) -> None:
    bring(runtime, "in-use", export(runtime, "prices", 1))
    other = mlflow.zipped(mlflow.folder(mlflow.booster()))
    with pytest.raises(Conflict, match="the target is 'target', not 'price'"):
        bring(runtime, "in-use", other)
    assert bring(runtime, "in-use", other, replace=True, promote=Promote.NEVER)["promoted"] is False
    assert runtime.registry.current("in-use") == 1


def zip_of(name: str, *, link: bool = False, data: bytes = b"x") -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
        entry = zipfile.ZipInfo(name)
        entry.external_attr = (0o120777 if link else 0o100644) << 16
        archive.writestr(entry, data)
    return written.getvalue()


def test_zips_that_would_reach_out_or_swell_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("../up.txt", "a/../../up.txt", "/top.txt", "C:\\up.txt", "a\\b.txt", "a:b"):
        with pytest.raises(MalformedBody, match="leads out of it"):
            archives.unzip(zip_of(name), most_bytes=100)
    with pytest.raises(MalformedBody, match="link"):
        archives.unzip(zip_of("a.txt", link=True), most_bytes=100)
    with pytest.raises(BodyTooLarge, match="1,000 bytes when it is unpacked"):
        archives.unzip(zip_of("a.txt", data=b"0" * 1000), most_bytes=999)
    monkeypatch.setattr(archives, "MOST_FILES", 2)
    with pytest.raises(BodyTooLarge, match="3 files"):
        archives.unzip(mlflow.zipped(dict.fromkeys("abc", b"")), most_bytes=100)
    assert archives.unzip(mlflow.zipped({"x/y/a": b"1", "x/y/b": b"2"}), most_bytes=100) == {"a": b"1", "b": b"2"}


def test_a_request_that_names_no_way_to_promote_is_refused() -> None:
    from tasks.exchange.importing import _promote

    with pytest.raises(InvalidField, match="if_better"):
        _promote("if_better")
