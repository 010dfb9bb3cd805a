"""Nothing that is not trusted is made, trees are looked at, and versions are named."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import pytest

from tasks.errors import EstimatorFailed, InvalidParams
from tasks.estimators.scikit_learn import portable, storing, trial
from tasks.estimators.scikit_learn.storing import Header
from tasks.tables.schema import conform, missing_anywhere
from tests.unit.tasks.estimators.scikit_learn.tables import estimator, fitted, measuring, mixed, prepared

RATIO: Final = '''
from sklearn.base import BaseEstimator, TransformerMixin

class Ratio(TransformerMixin, BaseEstimator):
    """Divides by the largest number of each column."""

    def __init__(self, kept=1.0):
        self.kept = kept

    def fit(self, X, y=None):
        self.most_ = self.keep(abs(X).max(axis=0))
        return self

    def keep(self, most):
        return most * self.kept

    def transform(self, X):
        return X / self.most_

class Opaque(Ratio):
    def keep(self, most):
        return Kept(most)

class Kept:
    def __init__(self, most):
        self.most = most

    def __rtruediv__(self, X):
        return X / self.most

    __array_ufunc__ = None
'''


@pytest.fixture
def classes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """A package of an operator's, with a step that can be stored and one that cannot; its name."""
    name = f"operators_{tmp_path.name}".replace("-", "_")
    (tmp_path / f"{name}.py").write_text(RATIO)
    monkeypatch.syspath_prepend(tmp_path)
    return name


def test_only_an_operator_adds_classes(classes: str) -> None:
    dataset = prepared(mixed())
    params = {"numbers": ["sklearn.impute.SimpleImputer", f"{classes}.Ratio"], "numbers__ratio__kept": 2.0}
    with pytest.raises(InvalidParams, match="is not among the classes that may be used") as raised:
        estimator().check(params)
    assert raised.value.pointer == "/params/numbers/1"
    using = estimator(trusted_classes=(f"{classes}.Ratio",))
    model = fitted(dataset, params, using)
    data = using.dump(model)
    rows = measuring(dataset)
    assert using.predict(using.load(data), rows).equals(using.predict(model, rows))
    with pytest.raises(EstimatorFailed, match=f"made of '{classes}.Ratio', which is not trusted; an operator may add"):
        estimator().load(data)


def test_what_cannot_be_stored_is_refused_before_the_fit(classes: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "ROWS", 50)
    steps: list[int] = []
    using = estimator(trusted_classes=(f"{classes}.Opaque",))
    params = {"numbers": ["sklearn.impute.SimpleImputer", f"{classes}.Opaque"]}
    using.check(params)
    with pytest.raises(InvalidParams, match=rf"could not be kept.*{classes}.Kept.*is not trusted"):
        using.fit(prepared(mixed()), params, lambda iteration, *_: steps.append(iteration))
    assert not steps


def test_a_class_of_an_operator_that_is_not_there() -> None:
    with pytest.raises(EstimatorFailed, match=r"MLSERVICE_TRUSTED_CLASSES: no_such.Thing cannot be imported"):
        estimator(trusted_classes=("no_such.Thing",)).check({})


def test_types_that_are_not_trusted_are_not_made() -> None:
    using = estimator()
    data = using.dump(fitted(prepared(mixed()), {}, using))
    forged = _changed(data, "SimpleImputer", "NoSuchThing")
    with pytest.raises(EstimatorFailed, match="NoSuchThing"):
        using.load(forged)


def test_versions_are_named_where_a_model_cannot_be_read_or_used() -> None:
    using = estimator()
    dataset = prepared(mixed())
    data = using.dump(fitted(dataset, {}, using))
    head, _, body = data.partition(b"\n")
    header = msgspec.json.decode(head, type=Header)
    old = msgspec.structs.replace(header, versions={**header.versions, "scikit-learn": "1.2.0"})
    said = re.compile(r"which was made by scikit-learn 1.2.0 \(here is scikit-learn .*train it again", re.DOTALL)
    with pytest.raises(EstimatorFailed, match=said):
        using.load(msgspec.json.encode(old) + b"\n" + body[: len(body) // 2])
    model = using.load(msgspec.json.encode(old) + b"\n" + body)
    found = using.predict(model, measuring(dataset))
    assert found.num_rows == dataset.tested.num_rows
    del _inner(model).columns.output_indices_
    with pytest.raises(EstimatorFailed, match=said):
        using.predict(model, measuring(dataset))
    for wrong in (b"", b"{}\n", head, data[: len(head) + 9]):
        with pytest.raises(EstimatorFailed, match="cannot be read"):
            using.load(wrong)


@pytest.mark.parametrize(
    ("params", "places"),
    [
        ({"estimator": "sklearn.tree.DecisionTreeRegressor", "max_depth": 3}, "tree_"),
        ({"estimator": "sklearn.ensemble.RandomForestRegressor", "n_estimators": 2}, "estimators_"),
        ({"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "max_iter": 2}, "_predictors"),
    ],
)
def test_a_tree_that_points_nowhere_is_refused(params: dict[str, Any], places: str) -> None:
    using = estimator()
    model = fitted(prepared(mixed("regression")), params, using)
    using.load(using.dump(model))
    final = _inner(model).final
    if places == "_predictors":
        nodes = final._predictors[0][0].nodes
        nodes["feature_idx"][0] = 10_000
    elif places == "estimators_":
        final.estimators_[1].n_features_in_ += 1
    else:
        final.n_features_in_ += 1
    data = storing.dump(_inner(model), ())
    with pytest.raises(EstimatorFailed, match="points to what is not there; train it again"):
        storing.load(data, ())


def test_words_are_stored_beside_and_the_model_keeps_its_own() -> None:
    using = estimator()
    model = fitted(prepared(mixed()), {}, using)
    words = _inner(model).columns.named_transformers_["text"].vocabulary_
    assert "lovely" in words
    data = using.dump(model)
    assert _inner(model).columns.named_transformers_["text"].vocabulary_ is words
    assert _inner(using.load(data)).columns.named_transformers_["text"].vocabulary_ == words


def test_a_model_taken_along_works_without_the_service(tmp_path: Path) -> None:
    using = estimator()
    dataset = prepared(mixed())
    data = using.dump(fitted(dataset, {}, using))
    files = using.parts(data)
    assert b"".join(files.values()) == data
    for name, content in files.items():
        (tmp_path / name).write_bytes(content)
    rows = mixed().drop_columns(["y"]).slice(0, 40).to_pylist()
    code = re.search(r"```python\n(.*?)```", using.use(dataset.schema), re.DOTALL)
    assert code
    program = f"{code[1]}\nprint(json.dumps(pipeline.predict_proba(matrix({rows!r})).tolist()))"
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    table = conform(mixed().drop_columns(["y"]).slice(0, 40), missing_anywhere(dataset.schema))
    found = using.predict(using.load(data), table)
    expected = np.column_stack([found["probability_0"], found["probability_1"]])
    assert np.allclose(msgspec.json.decode(done.stdout), expected)
    assert set(files) == {portable.HEADER, portable.SKOPS}


def _inner(model: Any) -> Any:
    """The model itself, out of the layer of dates."""
    return model.inner if hasattr(model, "inner") else model


def _changed(data: bytes, old: str, new: str) -> bytes:
    """A dump in which a word of its schema is another one."""
    head, _, body = data.partition(b"\n")
    written = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(body)) as source, zipfile.ZipFile(written, "w") as target:
        for name in source.namelist():
            content = source.read(name)
            target.writestr(name, content.replace(old.encode(), new.encode()) if name == "schema.json" else content)
    return head + b"\n" + written.getvalue()
