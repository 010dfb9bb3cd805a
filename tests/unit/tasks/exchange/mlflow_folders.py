"""Models as MLflow 3.17 stores them (`mlflow.lightgbm.save_model`), written without it."""

from __future__ import annotations

import io
import json
import zipfile
from typing import Any

import lightgbm
import numpy as np
import numpy.typing as npt

LEVELS = ["Ulm", "Bonn", "Köln"]
DESCRIPTION = """flavors:
  lightgbm:
    code: null
    data: {file}
    lgb_version: 4.7.0
    model_class: {model}
    serialization_format: skops
  python_function:
    data: {file}
    env:
      conda: conda.yaml
      virtualenv: python_env.yaml
    loader_module: mlflow.lightgbm
    python_version: 3.11.7
is_signature_from_type_hint: false
mlflow_version: 3.17.2
model_uuid: 6926dcf264ac4c7bb276e97789f9aba1
saved_input_example_info:
  artifact_path: input_example.json
  pandas_orient: split
  serving_input_path: serving_input_example.json
  type: dataframe
signature:
  inputs: '[{{"type": "double", "name": "the area", "required": true}}, {{"type": "long",
    "name": "rooms", "required": true}}, {{"type": "string", "name": "city", "required":
    true}}, {{"type": "boolean", "name": "new", "required": true}}]'
  outputs: '[{{"type": "tensor", "tensor-spec": {{"dtype": "float64", "shape": [-1]}}}}]'
  params: null
utc_time_created: '2026-11-28 20:15:23.367843'
"""
EXAMPLE = {"columns": ["the area", "rooms", "city", "new"], "data": [[55.5, 3, "Ulm", True], [80, 2, "Bonn", False]]}


def booster(objective: str = "regression", **params: Any) -> lightgbm.Booster:
    """A model of four columns, whose third is a category, as pandas would have coded it."""
    rng = np.random.default_rng(0)
    matrix = np.column_stack(
        [rng.uniform(20, 200, 300), rng.integers(1, 6, 300), rng.integers(3, size=300), rng.integers(2, size=300)]
    )
    worth = matrix[:, 0] * 3 + matrix[:, 1] * 10 + (matrix[:, 2] == 1) * 200
    target = worth if objective in ("regression", "poisson") else np.clip(worth // 260, 0, 2) if params else worth > 450
    data = lightgbm.Dataset(matrix, target, categorical_feature=[2], feature_name=["the_area", "rooms", "city", "new"])
    return lightgbm.train(
        {"objective": objective, "verbosity": -1, "num_leaves": 7, "num_threads": 1, **params}, data, 8
    )


def text(model: lightgbm.Booster) -> bytes:
    """The model as its Python package writes it where it learned from pandas."""
    plain, _, _ = model.model_to_string().rpartition("\npandas_categorical:")
    return f"{plain}\npandas_categorical:{json.dumps([LEVELS])}\n".encode()


def folder(model: lightgbm.Booster) -> dict[str, bytes]:
    """The files of a Booster."""
    return {
        "MLmodel": DESCRIPTION.format(file="model.lgb", model="lightgbm.basic.Booster").encode(),
        "model.lgb": text(model),
        "input_example.json": json.dumps(EXAMPLE).encode(),
        "conda.yaml": b"name: mlflow-env\n",
    }


def classifier(model: lightgbm.Booster, classes: list[str]) -> dict[str, bytes]:
    """The files of a classifier of LightGBM's scikit-learn interface, which skops has stored."""
    array = io.BytesIO()
    np.save(array, np.array(classes))
    node = {"__class__": "dict", "__module__": "builtins", "__loader__": "DictNode"}
    handle = {
        "__class__": "str",
        "__loader__": "JsonNode",
        "content": json.dumps(text(model).decode()),
        "is_json": True,
    }
    tree = {
        **{"__class__": "LGBMClassifier", "__module__": "lightgbm.sklearn", "__loader__": "ObjectNode"},
        "content": {
            **node,
            "content": {
                "_Booster": {"__class__": "Booster", "content": {**node, "content": {"_handle": handle}}},
                "_classes": {"__class__": "ndarray", "type": "numpy", "file": "140.npy"},
            },
        },
        "_skops_version": "0.16.0",
    }
    stored = zipped({"140.npy": array.getvalue(), "schema.json": json.dumps(tree).encode()})
    description = DESCRIPTION.format(file="model.skops", model="lightgbm.sklearn.LGBMClassifier")
    return {"MLmodel": description.encode(), "model.skops": stored}


def zipped(files: dict[str, bytes]) -> bytes:
    written = io.BytesIO()
    with zipfile.ZipFile(written, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return written.getvalue()


def matrix(rows: list[dict[str, Any]]) -> npt.NDArray[np.float64]:
    """The rows as such a model sees them: as LightGBM's Python package makes them of a data frame."""
    codes: dict[Any, float] = {level: place for place, level in enumerate(LEVELS)}
    found = [[row["the area"], row["rooms"], codes.get(row["city"], np.nan), row["new"]] for row in rows]
    return np.array([[np.nan if value is None else value for value in row] for row in found], dtype=np.float64)


def answers(model: lightgbm.Booster, rows: list[dict[str, Any]]) -> Any:
    """What the model itself says of the rows."""
    return np.asarray(model.predict(matrix(rows))).tolist()


SCIKIT_LEARN = """flavors:
  python_function:
    loader_module: mlflow.sklearn
    model_path: model.skops
    predict_fn: predict
    python_version: 3.11.7
  sklearn:
    code: null
    pickled_model: model.skops
    serialization_format: skops
    sklearn_version: {version}
    skops_trusted_types: null
mlflow_version: 3.17.2
signature:
  inputs: '{inputs}'
  outputs: '[{{"type": "string", "name": "kind", "required": true}}]'
  params: null
"""


def scikit_learn(pipeline: Any, **columns: str) -> dict[str, bytes]:
    """The files of a fitted pipeline (`mlflow.sklearn.save_model`), whose columns have these types."""
    import sklearn

    from tasks.estimators.scikit_learn.library import load_skops

    inputs = [{"type": kind, "name": name, "required": True} for name, kind in columns.items()]
    description = SCIKIT_LEARN.format(version=sklearn.__version__, inputs=json.dumps(inputs))
    return {"MLmodel": description.encode(), "model.skops": load_skops().dumps(pipeline)}
