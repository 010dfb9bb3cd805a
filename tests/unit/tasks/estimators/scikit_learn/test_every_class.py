"""Every classifier, regressor and transformer of scikit-learn that a request may name: it is stored, or refused."""

from __future__ import annotations

from typing import Any, Final

import pytest

from tasks.errors import InvalidParams
from tasks.estimators.scikit_learn import allowed, specs
from tasks.estimators.scikit_learn.library import warnings_logged
from tests.unit.tasks.estimators.scikit_learn.tables import estimator, fitted, measuring, mixed, prepared

#: Those that know nothing of rows which are far from all that they have learned, or of other categories: they raise, or
#: say NaN.
SHORT_SIGHTED: Final = {
    *("CategoricalNB", "OneHotEncoder", "OrdinalEncoder", "RadiusNeighborsClassifier", "RadiusNeighborsRegressor"),
}
#: Those that cannot learn this table by their defaults: they want targets above 0, or several, or no numbers below 0,
#: or one column, or more rows, or are for targets alone.
REFUSED: Final = {
    *("CCA", "PLSCanonical", "PLSSVD", "LatentDirichletAllocation", "MiniBatchNMF", "NMF", "IsotonicRegression"),
    *("QuadraticDiscriminantAnalysis", "MissingIndicator", "AdditiveChi2Sampler", "SkewedChi2Sampler", "LassoLarsIC"),
    *("GammaRegressor", "PoissonRegressor", "RANSACRegressor", "OutputCodeClassifier", "KernelCenterer"),
    *("MultiTaskElasticNet", "MultiTaskElasticNetCV", "MultiTaskLasso", "MultiTaskLassoCV", "LabelBinarizer"),
    *("LabelEncoder", "MultiLabelBinarizer", "GaussianRandomProjection", "SparseRandomProjection"),
    *("CountVectorizer", "HashingVectorizer", "TfidfVectorizer"),
}
#: The params that have no default.
NEEDED: Final[dict[str, Any]] = {
    "estimator": "sklearn.linear_model.LogisticRegression",
    "param_grid": {},
    "param_distributions": {},
}


@pytest.mark.long
@pytest.mark.parametrize("module", [name for name in allowed.MODULES if not name.endswith(".kernels")])
def test_every_class_of_a_module_is_stored_or_refused(module: str) -> None:
    using = estimator()
    for name in allowed._public(module):
        path = f"{module}.{name}"
        params = _params(path) if name not in SHORT_SIGHTED else None
        if params is None:
            continue
        dataset = prepared(mixed(params.pop("problem")))
        if name in REFUSED:
            with pytest.raises(InvalidParams, match=r"\A[^\n]+\Z"):
                fitted(dataset, params, using)
            continue
        model, rows = fitted(dataset, params, using), measuring(dataset)
        assert using.predict(using.load(using.dump(model)), rows).equals(using.predict(model, rows)), path


def _params(path: str) -> dict[str, Any] | None:
    """A pipeline with the class in its place, and the problem that it is for; None if no request may name it, or if it
    is made of others."""
    from sklearn.base import is_classifier, is_regressor

    if path in allowed.REFUSED:
        return None
    try:
        found = allowed.find(path, (), at="")
    except InvalidParams:
        return None
    if not isinstance(found, type):
        return None
    needed = [name for name, default in specs._signature(found).items() if default is found]
    if not NEEDED.keys() >= set(needed):
        return None
    regression = "Regress" in path
    given = {name: NEEDED[name] for name in needed}
    if regression and "estimator" in given:
        given["estimator"] = "sklearn.linear_model.Ridge"
    spec = {"class": path, **given}
    with warnings_logged():
        step = specs.made(spec, (), at="")
    if is_classifier(step) or is_regressor(step):
        return {"problem": "binary" if is_classifier(step) else "regression", "estimator": spec}
    if not hasattr(step, "transform"):
        return None
    return {"problem": "binary", "numbers": ["sklearn.impute.SimpleImputer", spec], "text": "drop"}
