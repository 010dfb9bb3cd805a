"""Every classifier, regressor and transformer of scikit-learn that a request may name: it is stored, or refused."""

from __future__ import annotations

from typing import Any

import pytest

from tasks.errors import InvalidParams
from tasks.estimators.scikit_learn import allowed, specs
from tasks.estimators.scikit_learn.library import warnings_logged
from tests.unit.tasks.estimators.scikit_learn.tables import estimator, fitted, measuring, mixed, prepared

#: Those that know nothing of rows which are far from all that they have learned, or of other categories: they raise,
#: or say NaN.
SHORT_SIGHTED = frozenset(
    {
        "sklearn.naive_bayes.CategoricalNB",
        "sklearn.preprocessing.OneHotEncoder",
        "sklearn.neighbors.RadiusNeighborsClassifier",
        "sklearn.neighbors.RadiusNeighborsRegressor",
    }
)
#: What the params are that have no default.
NEEDED = {
    "estimator": {
        "classifier": "sklearn.linear_model.LogisticRegression",
        "regressor": "sklearn.linear_model.Ridge",
    },
    "param_grid": {},
    "param_distributions": {},
}


def paths() -> list[str]:
    """All classes that may be named, in order."""
    every = [f"{module}.{name}" for module in allowed.MODULES for name in allowed._public(module)]
    return sorted(
        {
            path
            for path in every
            if path not in {*allowed.REFUSED, *SHORT_SIGHTED} and ".kernels." not in path and _is_class(path)
        }
    )


def _is_class(path: str) -> bool:
    try:
        return isinstance(allowed.find(path, (), at=""), type)
    except InvalidParams:
        return False


@pytest.mark.long
def test_every_class_is_stored_or_refused() -> None:
    from sklearn.base import is_classifier, is_regressor

    using = estimator()
    datasets = {
        "classifier": prepared(mixed()),
        "regressor": prepared(mixed("regression")),
    }
    outcomes: dict[str, str] = {}
    broken: dict[str, str] = {}
    for path in paths():
        spec = _spec(path, "classifier" if "Classif" in path else "regressor")
        if spec is None:
            continue
        with warnings_logged():
            step = specs.made(spec, (), at="")
        if is_classifier(step) or is_regressor(step):
            kind = "classifier" if is_classifier(step) else "regressor"
            params: dict[str, Any] = {"estimator": spec}
        elif hasattr(step, "transform"):
            kind, params = "classifier", {"numbers": ["sklearn.impute.SimpleImputer", spec], "text": "drop"}
        else:
            continue
        try:
            model = fitted(datasets[kind], params, using)
            rows = measuring(datasets[kind])
            assert using.predict(using.load(using.dump(model)), rows).equals(using.predict(model, rows)), path
            outcomes[path] = ""
        except InvalidParams as error:
            outcomes[path] = str(error)
        except Exception as error:
            broken[path] = repr(error)
    refused = {path: why for path, why in outcomes.items() if why}
    print(f"{len(outcomes) - len(refused)} of {len(outcomes)} learn: refused are")
    for path, why in {**refused, **broken}.items():
        print(f"{path}: {why}")
    assert not broken
    assert not any("\n" in why for why in refused.values())
    assert len(refused) < len(outcomes) / 4


def _spec(path: str, kind: str) -> Any:
    cls = allowed.find(path, (), at="")
    needed = [name for name, default in specs._signature(cls).items() if default is cls]
    if not needed:
        return path
    if not set(needed) <= NEEDED.keys():
        return None
    given = {name: NEEDED[name][kind] if name == "estimator" else NEEDED[name] for name in needed}
    return {"class": path, **given}
