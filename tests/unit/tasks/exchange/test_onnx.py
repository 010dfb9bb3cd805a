"""A version in the form of ONNX answers as the version does, or there is no such form: converters err in silence."""

from __future__ import annotations

import builtins
import json
from typing import Any

import lightgbm
import numpy as np
import onnx
import onnxruntime
import pytest

from tasks.contract import Form
from tasks.errors import InvalidField
from tasks.exchange.exporting import export
from tasks.exchange.onnx_check import described
from tasks.worker.runtime import Runtime
from tests.unit.tasks.exchange import mlflow_folders as mlflow
from tests.unit.tasks.exchange.conftest import ASKED, estimates
from tests.unit.tasks.exchange.test_importing import bring


def coded(rows: list[dict[str, Any]], schema: dict[str, Any]) -> Any:
    """The rows as the README of a zip says."""
    found = []
    for row in rows:
        values = []
        for column in schema["columns"]:
            value = row.get(column["name"])
            if column["type"] == "category":
                value = column["categories"].index(value) if value in column["categories"] else None
            if value is None and not column["nullable"]:
                value = column["typical"]
            values.append(np.nan if value is None else float(value))
        found.append(values)
    return np.array(found, dtype=np.float32)


def test_the_same_model_gives_the_same_bytes_whatever_order_its_converter_hit_upon() -> None:
    graph = onnx.helper.make_graph([], "model", [], [])
    domains = [onnx.helper.make_opsetid("", 15), onnx.helper.make_opsetid("ai.onnx.ml", 1)]
    both = [onnx.helper.make_model(graph, opset_imports=order) for order in (domains, domains[::-1])]
    one, other = (described(model.SerializeToString(), {"model": "m"}) for model in both)
    assert one == other
    assert [one.domain for one in onnx.load_from_string(other).opset_import] == ["", "ai.onnx.ml"]


@pytest.mark.parametrize("model", ["prices", "dear", "sizes"])
def test_it_answers_as_the_version_does(runtime: Runtime, model: str) -> None:
    data = export(runtime, model, 1, form=Form.ONNX)
    said = {one.key: one.value for one in onnx.load_from_string(data).metadata_props}
    session = onnxruntime.InferenceSession(data, providers=["CPUExecutionProvider"])
    found = session.run(None, {"columns": coded(ASKED, json.loads(said["schema"]))})[-1]
    known = estimates(runtime, model, ASKED)
    expected = known.get("probabilities") or [[value] for value in known["predictions"]]
    scale = 1.0 if "probabilities" in known else max(value for (value,) in expected)
    assert np.abs(np.asarray(found).reshape(len(ASKED), -1) - expected).max() <= 1e-5 * scale
    assert export(runtime, model, 1, form=Form.ONNX) == data


def fitted(objective: str, params: dict[str, Any], *, start: int = 0) -> lightgbm.Booster:
    rng = np.random.default_rng(0)
    matrix = np.column_stack([start + rng.integers(0, 200, 400), rng.uniform(0, 1, 400)])
    target = (matrix[:, 0] - start) % 8 * 3 + matrix[:, 1] + 1
    target = target if objective == "regression" else target > 12
    settings = {"objective": objective, "verbosity": -1, "num_threads": 1, "min_data_in_leaf": 2, **params}
    return lightgbm.train(settings, lightgbm.Dataset(matrix, target, feature_name=["a", "b"]), 10)


@pytest.mark.parametrize(
    ("objective", "params", "start"),
    [
        ("regression", {"boosting": "rf", "bagging_freq": 1, "bagging_fraction": 0.7}, 0),
        ("regression", {"reg_sqrt": True}, 0),
        ("regression", {"linear_tree": True}, 0),
        ("binary", {"sigmoid": 2.0}, 0),
        # What is beyond 2**24 is no whole number to 32 bits.
        ("regression", {}, 2**25),
    ],
    ids=["rf", "reg_sqrt", "linear_tree", "sigmoid", "large"],
)
def test_what_converters_get_wrong_is_refused_with_the_difference(
    runtime: Runtime, objective: str, params: dict[str, Any], start: int
) -> None:
    text = fitted(objective, params, start=start).model_to_string().encode()
    bring(runtime, "converted", mlflow.zipped({"model.txt": text, "schema.json": b"{}"}), replace=True)
    number = runtime.registry.current("converted")
    assert number
    with pytest.raises(InvalidField, match=r"at the most by [0-9.e+]+ .* is allowed"):
        export(runtime, "converted", number, form=Form.ONNX)


def test_whole_numbers_that_32_bits_hold_are_converted(runtime: Runtime) -> None:
    text = fitted("regression", {}, start=2**20).model_to_string().encode()
    bring(runtime, "held", mlflow.zipped({"model.txt": text, "schema.json": b"{}"}))
    assert export(runtime, "held", 1, form=Form.ONNX)


def test_several_quantiles_have_no_such_form(runtime: Runtime) -> None:
    with pytest.raises(InvalidField, match="several quantiles"):
        export(runtime, "spread", 1, form=Form.ONNX)


def test_without_the_extra_it_is_said_how_to_get_it(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def without(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("onnxmltools"):
            raise ModuleNotFoundError(name=name)
        return real(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(InvalidField, match=r"pip install 'mlservice\[onnx\]'"):
        export(runtime, "prices", 1, form=Form.ONNX)
