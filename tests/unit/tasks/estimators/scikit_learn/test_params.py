"""What a request may say: names and values are looked at before any work is done, and nothing reaches files."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import pytest

from tasks.errors import InvalidParams
from tests.unit.tasks.estimators.scikit_learn.tables import estimator, fitted, mixed, prepared

#: The projects that `mlservice new` begins with.
STARTS: Final = Path(__file__).parents[5] / "infra" / "projects" / "starts"

LOGISTIC: Final = "sklearn.linear_model.LogisticRegression"
TFIDF: Final = "sklearn.feature_extraction.text.TfidfVectorizer"
NEIGHBOURS: Final = "sklearn.neighbors.KNeighborsClassifier"
GRID: Final = {"class": "sklearn.model_selection.GridSearchCV", "estimator": LOGISTIC}


@pytest.mark.parametrize(
    ("params", "words", "pointer"),
    [
        ({"estimator": "sklearn.linear_model.LogisticRegresion"}, "did you mean sklearn.linear_model.Log", "estimator"),
        ({"estimator": "LogisticRegression"}, "did you mean sklearn.linear_model.LogisticRegression", "estimator"),
        ({"estimator": LOGISTIC, "c": 1}, "unknown param 'c'; did you mean C?", "c"),
        (
            {"estimator": [TFIDF, LOGISTIC], "tfidfvectorizer__ngrams_range": 1},
            "did you mean ngram_range",
            "tfidf",
        ),
        (
            {"estimator": [TFIDF, LOGISTIC], "tfidf__lowercase": True},
            "or tfidfvectorizer__lowercase",
            "tfidf",
        ),
        ({"C": 1}, "params of an estimator need its path", "C"),
        ({"estimatr": LOGISTIC}, "unknown param 'estimatr'", "estimatr"),
        ({"estimator": LOGISTIC, "C": -1}, "'C' parameter of LogisticRegression must be a float in the range", ""),
        ({"text__ngram_range": "both"}, "'ngram_range' parameter of TfidfVectorizer must be", ""),
        ({"estimator": {"class": LOGISTIC, "D": 1}}, "LogisticRegression has no param 'D'", "estimator"),
        ({"estimator": {"path": LOGISTIC}}, "a step is the dotted path of a class", "estimator"),
        ({"estimator": 7}, "a step is the dotted path of a class", "estimator"),
        ({"estimator": []}, "a pipeline needs a step at least", "estimator"),
        ({"estimator": [["a__b", LOGISTIC]]}, "'a__b' cannot be the name of a step", "estimator/0"),
        ({"estimator": [LOGISTIC, LOGISTIC]}, "step logisticregression is not the last one", "estimator"),
        ({"estimator": {"class": "sklearn.ensemble.StackingClassifier"}}, "needs estimators", "estimator"),
        ({"estimator": [TFIDF, LOGISTIC], "text": TFIDF}, "text is given twice", "text"),
        ({"estimator": NEIGHBOURS, "algorithm": "kd_tree"}, "keeps a tree, which cannot be stored; use 'brute'", ""),
        ({"text": LOGISTIC}, "makes no numbers of columns", "text"),
        ({"text": "sklearn.preprocessing.OneHotEncoder"}, "OneHotEncoder takes no texts", "text"),
        ({"categories": [TFIDF]}, "TfidfVectorizer takes texts: give it as `text`", "categories"),
        # What reaches files or runs code, wherever it stands.
        ({"estimator": "os.system"}, "is not among the classes that may be used", "estimator"),
        ({"estimator": "sklearn.datasets.load_files"}, "is not among the classes that may be used", "estimator"),
        ({"estimator": "sklearn.utils.fixes.parse_version"}, "is not among the classes that may be used", "estimator"),
        ({"estimator": LOGISTIC, "n_jobs": 4}, "n_jobs cannot be given", "n_jobs"),
        ({"text__input": "filename"}, "input cannot be given: it would read the worker's files", "text__input"),
        ({"text": {"class": TFIDF, "input": "filename"}}, "input cannot be given", "text/input"),
        (
            {"estimator": {**GRID, "param_grid": {"memory": ["."]}}},
            "memory cannot be given",
            "estimator/param_grid",
        ),
        ({"estimator": {**GRID, "param_grid": [{"a__input": [1]}]}}, "input cannot be given", "estimator/param_grid/0"),
        ({"estimator": {**GRID, "param_grid": {"C": ["os.system"]}, "scoring": "os.system"}}, "scoring", ""),
        (
            {"estimator": {"class": "sklearn.pipeline.Pipeline", "steps": [["a", LOGISTIC]], "memory": "."}},
            "disk",
            "",
        ),
    ],
)
def test_what_is_refused_before_any_work(params: dict[str, Any], words: str, pointer: str) -> None:
    with pytest.raises(InvalidParams, match=words) as raised:
        estimator().check(params)
    assert (raised.value.pointer or "").startswith(f"/params/{pointer}".rstrip("/"))
    assert len(str(raised.value)) < 600


def test_nesting_has_an_end() -> None:
    deep: Any = LOGISTIC
    for _ in range(20):
        deep = [deep]
    with pytest.raises(InvalidParams, match="nested"):
        estimator().check({"estimator": deep})
    value: Any = 1
    for _ in range(20):
        value = {"a": value}
    with pytest.raises(InvalidParams, match="nested"):
        estimator().check({"estimator": LOGISTIC, "class_weight": value})


def test_what_was_used_is_told() -> None:
    using, dataset = estimator(), prepared(mixed())
    params = {
        "estimator": [["words", TFIDF], ["model", LOGISTIC]],
        "words__ngram_range": [1, 3],
        "model__C": 2,
        "categories__min_frequency": 2,
    }
    used = using.params_used(fitted(dataset, params, using))
    assert used["text"].endswith(".TfidfVectorizer")
    assert used["text__ngram_range"] == [1, 3]
    assert (used["model__C"], used["model__random_state"], used["model__max_iter"]) == (2, 0, 100)
    assert used["categories__min_frequency"] == 2
    assert used["numbers__impute__strategy"] == "median"


def test_what_a_search_found_is_told() -> None:
    using = estimator()
    params = {"estimator": {**GRID, "param_grid": {"C": [1e-9, 1.0]}, "cv": 2}}
    model = fitted(prepared(mixed()), params, using)
    assert using.params_used(model)["gridsearchcv__best__C"] == 1.0


def test_the_quantile_of_a_regression_is_told() -> None:
    using = estimator()
    path = "sklearn.linear_model.QuantileRegressor"
    boosting = "sklearn.ensemble.GradientBoostingRegressor"
    assert using.quantile({"estimator": path, "quantile": 0.9}) == 0.9
    assert using.quantile({"estimator": path}) == 0.5
    assert using.quantile({"estimator": boosting, "loss": "quantile", "alpha": 0.2}) == 0.2
    assert using.quantile({"estimator": boosting}) is None
    assert using.quantile({"estimator": "sklearn.ensemble.HistGradientBoostingRegressor"}) is None
    assert using.quantile({}) is None


def test_the_fields_are_told() -> None:
    told = estimator().params_schema()
    assert told is not None
    assert list(told["properties"]) == ["estimator", "numbers", "categories", "text"]
    assert told["additionalProperties"] is True
    assert all(field["description"] for field in told["properties"].values())
    # A form may say so of what nobody filled in.
    estimator().check(dict.fromkeys(told["properties"]))


def test_where_params_are_looked_for() -> None:
    using, dataset = estimator(), prepared(mixed())
    assert using.search_space(dataset, {}) == {}
    assert using.search_space(dataset, {"estimator": [TFIDF, LOGISTIC]}).keys() == {"logisticregression__C"}
    for given in ({"C": 1.0}, {"logisticregression__C": 1.0}):
        assert using.search_space(dataset, {"estimator": LOGISTIC, **given}) == {}
    assert using.search_space(dataset, {"estimator": "sklearn.dummy.DummyClassifier"}) == {}


def test_a_pipeline_of_ones_own_holds_in_each_step_of_a_train() -> None:
    names: dict[str, Any] = {}
    text = (STARTS / "sklearn" / "estimator.py.template").read_text()
    exec(text.replace("@{project}", "rents").replace("@{estimator}", "Rents"), names)
    using = names["Rents"]()
    dataset = prepared(mixed("regression"))
    # The docstring names this one.
    assert '{"ridge__alpha": 0.1}' in names["Rents"].__doc__
    using.check({"ridge__alpha": 0.1})
    assert using.quantile({"ridge__alpha": 0.1}) is None
    assert using.search_space(dataset, {}).keys() == {"ridge__alpha"}
    assert using.search_space(dataset, {"ridge__alpha": 0.1, "estimator": None}) == {}
    model = using.fit(dataset, {"ridge__alpha": 0.1}, lambda *_: None)
    assert {name: value for name, value in using.params_used(model).items() if name.endswith("__alpha")} == {
        "ridge__alpha": 0.1
    }
    with pytest.raises(InvalidParams, match="no param 'alfa'"):
        using.check({"ridge__alfa": 0.1})


def test_what_is_looked_for_can_be_given() -> None:
    from sklearn.utils import all_estimators

    from tasks.estimators.scikit_learn.spaces import _SPACES

    known = dict(all_estimators())
    for name, space in _SPACES.items():
        path = f"{'.'.join(known[name].__module__.split('.')[:2])}.{name}"
        ends = [
            {param: domain[end] if isinstance(domain, dict) else domain[0] for param, domain in space.items()}
            for end in ("low", "high", "start")
        ]
        for params in ends:
            estimator().check({"estimator": path, **params})
