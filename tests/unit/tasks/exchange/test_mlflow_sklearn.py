"""Pipelines of scikit-learn that MLflow stored with skops answer as they did."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnxruntime
import pytest
from sklearn.compose import make_column_transformer
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, OneHotEncoder, StandardScaler
from sklearn.svm import LinearSVC

from tasks.contract import Form
from tasks.errors import InvalidField, InvalidRequest
from tasks.exchange.exporting import export
from tasks.worker.runtime import Runtime
from tests.unit.tasks.exchange import mlflow_folders as mlflow
from tests.unit.tasks.exchange.conftest import estimates
from tests.unit.tasks.exchange.test_importing import bring

NUMBERS = {"area": "double", "rooms": "long"}
TEXTS = ["good food", "bad food", "great", "awful stuff"] * 5


def table() -> Any:
    rng = np.random.default_rng(0)
    numbers = np.column_stack([rng.uniform(20, 200, 120), rng.integers(1, 6, 120)])
    return np.column_stack([numbers.astype(object), rng.choice(["Bonn", "Ulm"], 120)])


def price(rows: Any) -> Any:
    return np.asarray(rows[:, 0] * 3 + rows[:, 1] * 10, dtype=float)


def same(rows: Any) -> Any:
    """Code of somebody's own."""
    return rows


def brought(runtime: Runtime, name: str, pipeline: Any, **columns: str) -> None:
    bring(runtime, name, mlflow.zipped(mlflow.scikit_learn(pipeline, **columns)))


@pytest.mark.parametrize(
    "steps",
    [(StandardScaler(), LogisticRegression()), (RandomForestClassifier(5, random_state=0),)],
    ids=["linear", "forest"],
)
def test_classes_of_numbers(runtime: Runtime, steps: Any) -> None:
    rows = table()[:, :2].astype(float)
    pipeline = make_pipeline(*steps).fit(rows, np.where(price(rows) > 300, "dear", "cheap"))
    known = pipeline.predict_proba(rows[:5]).tolist()
    brought(runtime, "sk-numbers", pipeline, **NUMBERS)
    found = estimates(runtime, "sk-numbers", [dict(zip(NUMBERS, row, strict=True)) for row in rows[:5].tolist()])
    assert (found["probabilities"], found["classes"]) == (known, ["cheap", "dear"])
    version = runtime.registry.version("sk-numbers", 1)
    assert (version.target, version.estimator) == ("kind", "sklearn")


def test_mixed_columns_that_are_named(runtime: Runtime) -> None:
    rows = table()
    columns = make_column_transformer((StandardScaler(), [0, 1]), (OneHotEncoder(handle_unknown="ignore"), [2]))
    pipeline = make_pipeline(columns, Ridge()).fit(rows, price(rows))
    asked = np.array([*rows[:4], [50.0, 2, "Atlantis"]], dtype=object)
    known = pipeline.predict(asked).tolist()
    # What was fitted on a data frame names its columns.
    names = ["area", "rooms", "city"]
    columns.transformers_ = [(name, part, [names[at] for at in places]) for name, part, places in columns.transformers_]
    brought(runtime, "sk-mixed", pipeline, **NUMBERS, city="string")
    found = estimates(runtime, "sk-mixed", [dict(zip(names, row, strict=True)) for row in asked.tolist()])
    assert found["predictions"] == known
    session = onnxruntime.InferenceSession(export(runtime, "sk-mixed", 1, form=Form.ONNX))
    numbers = {name: asked[:, [place]].astype(np.float32) for place, name in enumerate(NUMBERS)}
    converted = session.run(None, {**numbers, "city": asked[:, [2]]})[-1].reshape(-1)
    assert np.abs(converted - known).max() <= 1e-5 * max(known)


def test_what_onnx_reads_otherwise_is_refused(runtime: Runtime) -> None:
    texts = np.array([[text] for text in TEXTS], dtype=object)
    columns = make_column_transformer((TfidfVectorizer(analyzer="char_wb", ngram_range=(1, 3)), 0))
    pipeline = make_pipeline(columns, LogisticRegression(C=100)).fit(texts, [1, 0, 1, 0] * 5)
    brought(runtime, "sk-chars", pipeline, text="string")
    with pytest.raises(InvalidField, match=r"take the zip along|cannot convert"):
        export(runtime, "sk-chars", 1, form=Form.ONNX)


def test_text(runtime: Runtime) -> None:
    pipeline = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS, [True, False, True, False] * 5)
    asked = ["good", "awful food", "nothing known"]
    known = pipeline.predict_proba(asked).tolist()
    brought(runtime, "sk-text", pipeline, text="string")
    found = estimates(runtime, "sk-text", [{"text": text} for text in asked])
    assert (found["probabilities"], found["classes"]) == (known, [False, True])


@pytest.mark.parametrize(
    ("steps", "columns", "said"),
    [
        ((StandardScaler(), LinearSVC()), NUMBERS, "no predict_proba"),
        ((StandardScaler(), LogisticRegression()), {}, "needs a signature"),
        ((StandardScaler(), LogisticRegression()), {"area": "double"}, "does not answer rows of its signature"),
        ((StandardScaler(), LogisticRegression()), {**NUMBERS, "day": "datetime"}, "is datetime in the signature"),
        ((FunctionTransformer(same), LogisticRegression()), NUMBERS, "not trusted"),
    ],
)
def test_what_cannot_be_taken_is_refused(runtime: Runtime, steps: Any, columns: dict[str, str], said: str) -> None:
    rows = table()[:, :2].astype(float)
    pipeline = make_pipeline(*steps).fit(rows, np.where(price(rows) > 300, "dear", "cheap"))
    with pytest.raises(InvalidRequest, match=said):
        brought(runtime, "sk-refused", pipeline, **columns)


def test_pickles_are_refused(runtime: Runtime) -> None:
    files = mlflow.scikit_learn(LogisticRegression().fit([[0.0], [1.0]], [0, 1]), area="double")
    description = (
        files["MLmodel"].replace(b"model.skops", b"model.pkl").replace(b"format: skops", b"format: cloudpickle")
    )
    with pytest.raises(InvalidField, match="stored with pickle"):
        bring(runtime, "sk-refused", mlflow.zipped({"MLmodel": description, "model.pkl": b"x"}))
