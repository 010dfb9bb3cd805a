"""The contract, the catalogue, and LightGBM."""

from __future__ import annotations

import json
import subprocess
import sys
from itertools import pairwise
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import EstimatorFailed, InvalidField, InvalidParams, InvalidTable, SettingsError
from tasks.estimators.base import Dataset, Metrics
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.lightgbm import LightGBM, LightGBMModel
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.lightgbm_params import OBJECTIVES, complete
from tasks.learning.recording import Recorder, Step
from tasks.registry.curve import Curve
from tasks.tables.row_reader import RowReader

PARAMS = {"n_estimators": 15, "min_data_in_leaf": 5}
PROBLEMS = ["regression", "binary", "multiclass"]


def data(problem: str, rows: int = 600) -> pa.Table:
    """Numbers, holes, booleans and categories, of which the target follows."""
    rng = np.random.default_rng(7)
    x, z = rng.normal(size=rows), rng.normal(size=rows)
    holes = np.where(rng.uniform(size=rows) < 0.2, np.nan, z)
    flag = rng.uniform(size=rows) < 0.5
    text = rng.choice(["red", "green", "blü", "x y"], size=rows)
    y = x * 2 + z + flag + (text == "red") * 3
    names = {"binary": np.where(y > 1.5, "yes", "no"), "multiclass": np.digitize(y, [0, 3]) * 10, "regression": y}
    hollow = pa.array(text.tolist(), mask=rng.uniform(size=rows) < 0.1)
    return pa.table({'a "b"': x, "z": holes, "flag": flag, "t/ü": hollow, "target": names[problem]})


def dataset(problem: str) -> Dataset:
    """Prepared data."""
    return LightGBM().prepare(data(problem), {"target": "target"})


def nothing(iteration: int, total: int, metrics: Metrics) -> None:
    """Progress that nobody follows."""


def fitted(problem: str) -> LightGBMModel:
    """A model that has been through bytes."""
    estimator = LightGBM()
    return estimator.load(estimator.dump(estimator.fit(dataset(problem), PARAMS, nothing)))


def codes(table: pa.Table, model: LightGBMModel) -> np.ndarray:
    """The matrix that LightGBM should see, made value by value."""
    found = []
    for row in table.to_pylist():
        values = []
        for column in model.schema.columns:
            value = row[column.name]
            known = column.categories.index(value) if value in column.categories else None
            values.append(known if column.type == "category" else value)
        found.append([np.nan if value is None else float(value) for value in values])
    return np.array(found)


def bodies(table: pa.Table) -> list[bytes]:
    """Each row as the body of a request, in turn as list and object."""
    rows = [{n: None if v != v else v for n, v in row.items()} for row in table.to_pylist()]
    forms = [{"rows": [list(row.values())]} if i % 2 else {"rows": [row]} for i, row in enumerate(rows)]
    return [json.dumps(form).encode() for form in forms]


@pytest.mark.parametrize("problem", PROBLEMS)
def test_every_answer_is_that_of_the_row_alone(problem: str) -> None:
    model, reader, estimator = fitted(problem), RowReader(dataset(problem).schema), LightGBM(threads=2)
    features = data(problem).drop_columns(["target"])
    texts = features.column("t/ü").to_pylist()
    features = features.set_column(3, "t/ü", pa.array(["never seen", *texts[1:]]))
    parts = [reader.read(body) for body in bodies(features)]
    truth = np.vstack([model.booster.predict(row[None], num_threads=1) for row in codes(features, model)[:150]])
    rng = np.random.default_rng(1)
    for size in (1, 2, 64, 150):
        chosen = rng.permutation(150)[:size]
        found = estimator.predict(model, reader.table([parts[i] for i in chosen]))
        if problem == "regression":
            given, expected = found.column("prediction").to_numpy()[:, None], truth[chosen]
        else:
            classes = range(len(model.schema.classes))
            given = np.column_stack([found.column(f"probability_{i}").to_numpy() for i in classes])
            expected = np.hstack([1 - truth, truth])[chosen] if problem == "binary" else truth[chosen]
            best = [model.schema.classes[i] for i in expected.argmax(axis=1)]
            assert found.column("prediction").to_pylist() == best
        np.testing.assert_allclose(given, expected, rtol=0, atol=1e-9)
    everything = estimator.predict(model, reader.table(parts))
    np.testing.assert_allclose(
        everything.column(0 if problem == "regression" else "probability_1").to_numpy()[:150],
        truth[:, 0 if problem != "multiclass" else 1],
        rtol=0,
        atol=1e-9,
    )


@pytest.mark.parametrize("problem", PROBLEMS)
def test_a_fit_is_repeatable_and_survives_bytes(problem: str) -> None:
    estimator = LightGBM(threads=2)
    first, second = (estimator.fit(dataset(problem), PARAMS, nothing) for _ in range(2))
    dumped = estimator.dump(first)
    assert dumped == estimator.dump(second)
    again = estimator.load(dumped)
    assert again.schema == first.schema
    holdout = dataset(problem).holdout
    assert estimator.predict(again, holdout).equals(estimator.predict(first, holdout))
    assert set(estimator.importance(again)) == {'a "b"', "z", "flag", "t/ü"}
    assert all(gain > 0 for gain in estimator.importance(again).values())


def test_progress_and_early_stopping() -> None:
    seen: list[tuple[int, int, Metrics]] = []
    params = {"num_iterations": 500, "early_stopping_rounds": 5, "learning_rate": 0.5}
    model = LightGBM().fit(dataset("regression"), params, lambda *args: seen.append(args))
    assert [iteration for iteration, _, _ in seen] == list(range(1, len(seen) + 1))
    assert len(seen) < 500
    assert {total for _, total, _ in seen} == {500}
    best = min(seen, key=lambda entry: entry[2]["holdout"]["rmse"])
    assert model.booster.best_iteration == best[0] == len(seen) - 5
    assert LightGBM().load(LightGBM().dump(model)).booster.num_trees() == best[0]


@pytest.mark.parametrize(("total", "most"), [(10, 10), (50, 32), (120, 52), (1000, 66)])
def test_the_rows_to_learn_from_are_measured_now_and_then(total: int, most: int) -> None:
    curve, told = recorded("binary", num_iterations=total, early_stopping_rounds=0)
    train, holdout = curve.lines["train"], curve.lines["holdout"]
    assert most // 2 <= len(train.iterations) <= most
    assert (train.iterations[0], train.iterations[-1]) == (1, total)
    assert max(after - before for before, after in pairwise(train.iterations)) <= -(-total // 40)
    assert {1, total} < set(holdout.iterations)
    assert train.metrics.keys() == holdout.metrics.keys() == {"binary_logloss"}
    assert train.metrics["binary_logloss"][-1] < train.metrics["binary_logloss"][0]
    # Whoever looks at any time sees both.
    assert all(step.metrics.keys() == {"train", "holdout"} for step in told)


@pytest.mark.parametrize("metric", ["binary_logloss", "auc"])
def test_the_curve_has_the_iteration_that_the_fit_is_cut_at(metric: str) -> None:
    curve, told = recorded("binary", num_iterations=5000, early_stopping_rounds=50, learning_rate=0.3, metric=metric)
    best, line = curve.best[metric], curve.lines["holdout"]
    assert best.iteration == told[-1].iteration - 50
    assert best.higher_is_better is (metric == "auc")
    assert best.value == (max if metric == "auc" else min)(line.metrics[metric])
    assert line.metrics[metric][line.iterations.index(best.iteration)] == best.value
    assert line.iterations == list(range(1, told[-1].iteration + 1))
    # It may stop long before the number of iterations that it was given.
    assert len(curve.lines["train"].iterations) >= 12


@pytest.mark.parametrize(
    ("objective", "metrics"),
    [
        ("regression", ["rmse", "l1", "mape", "quantile", "huber"]),
        ("binary", ["auc", "average_precision", "binary_logloss", "binary_error"]),
        ("multiclass", ["multi_logloss", "multi_error", "auc_mu"]),
        ("lambdarank", ["ndcg", "map"]),
    ],
)
def test_it_is_known_of_which_metrics_more_is_better(objective: str, metrics: list[str]) -> None:
    lgb = load_lightgbm()
    classes = {"binary": 2, "multiclass": 3}.get(objective, 1)
    params = {"objective": objective, "metric": metrics, "num_class": classes if classes > 2 else 1, "verbose": -1}
    group = {"group": [30, 30]} if objective == "lambdarank" else {}
    table = lgb.Dataset(np.arange(60.0).reshape(-1, 1), np.arange(60) % max(classes, 2), **group)
    seen: dict[str, bool] = {}

    def watch(env: Any) -> None:
        seen.update((result.metric_name, result.maximize) for result in env.evaluation_result_list)

    lgb.train(params, table, num_boost_round=1, valid_sets=[table], callbacks=[watch])
    assert len(seen) >= len(metrics)
    assert {name: LightGBM().grows(name) for name in seen} == seen


def recorded(problem: str, **params: Any) -> tuple[Curve, list[Step]]:
    """The curve of a fit, and what was told of it."""
    told: list[Step] = []
    recorder = Recorder(told.append, grows=LightGBM().grows)
    LightGBM().fit(dataset(problem), params, recorder)
    return recorder.curve, told


def test_progress_may_stop_a_fit() -> None:
    class Stop(Exception):
        """Raised by the progress below."""

    def stop(iteration: int, total: int, metrics: Metrics) -> None:
        if iteration == 3:
            raise Stop

    with pytest.raises(Stop):
        LightGBM().fit(dataset("binary"), PARAMS, stop)


def test_a_fit_without_holdout() -> None:
    full = dataset("regression")
    model = LightGBM().fit(Dataset(full.train, full.holdout.slice(0, 0), full.schema), PARAMS, nothing)
    assert model.booster.num_trees() == 15


BAD_PARAMS: list[tuple[dict[str, Any], str]] = [
    ({"learnin_rate": 1}, "no params 'learnin_rate' .did you mean learning_rate"),
    ({"qqqqqq": 1, "wwwwww": 2}, "no params 'qqqqqq', 'wwwwww'"),
    ({"learning_rate": "fast"}, "learning_rate must be a finite number"),
    ({"learning_rate": -1}, "learning_rate"),
    ({"num_leaves": "many"}, "num_leaves must be a finite number"),
    ({"num_leaves": 10**9}, r"\(num_leaves\) <= \(131072\) does not hold$"),
    ({"num_threads": 100000}, "num_threads must be a whole number from 1"),
    ({"seed": 2**70}, "seed must be from -2147483648 to 2147483647"),
    ({"bagging_seed": -(2**31) - 1}, "bagging_seed must be from -2147483648"),
    ({"num_leaves": 2**31}, "num_leaves must be from"),
    ({"lambda_l1": 10**400}, "lambda_l1 must be from"),
    ({"objective": ["l2"]}, "objective must be a name"),
    ({"metric": "unheard"}, "there is no metric 'unheard'"),
    ({"metric": ["rmse", "rmsle"]}, "there is no metric 'rmsle'; did you mean 'rmse'?"),
    ({"metric": "none"}, "'none' measures nothing"),
    ({"learning_rate": float("nan")}, "must be a finite number"),
    ({"learning_rate": None}, "learning_rate must be a finite number"),
    ({"learning_rate": {}}, "learning_rate must be a finite number"),
    ({"learning_rate": 0.1, "eta": 0.2}, "eta is given twice"),
    ({"n_estimators": 0}, "n_estimators must be a whole number from 1"),
    ({"n_estimators": "5"}, "n_estimators must be a whole number"),
    ({"n_estimators": True}, "n_estimators must be a whole number"),
    ({"early_stopping_rounds": -1}, "early_stopping_rounds must be a whole number from 0"),
    ({"input_model": "/etc/passwd"}, "input_model cannot be set here"),
    ({"model_out": "x"}, "model_out cannot be set here"),
    ({"save_period": 1}, "save_period cannot be set here"),
    ({"metric": "auc data=/etc/passwd"}, "metric must be a name"),
    ({"task": "predict"}, "task cannot be set here"),
    ({"num_class": 3}, "num_class cannot be set here"),
    ({"objective": "lambdaran"}, "objective 'lambdaran' cannot be used"),
    ({"boosting": "magic"}, "magic"),
]


@pytest.mark.parametrize(("params", "message"), BAD_PARAMS)
def test_bad_params(params: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidParams, match=message) as caught:
        LightGBM().check(params)
    assert caught.value.pointer is not None
    assert caught.value.pointer.startswith("/params")


@pytest.mark.parametrize(
    "params",
    [
        {},
        {"eta": 0.1, "num_leaves": 7, "force_col_wise": True, "max_depth": 3, "subsample": 0.5, "bagging_freq": 1},
        {"metric": ["mae", "rmse"], "objective": "l1"},
        {"objective": "multiclassova"},
        {"monotone_constraints": [1, 0, 0, 0, 0]},
        {"boosting": "dart"},
        {"metric": "multi_error"},
    ],
)
def test_good_params(params: dict[str, Any]) -> None:
    LightGBM().check(params)


@pytest.mark.parametrize("objective", [name for names in OBJECTIVES.values() for name in names])
def test_every_objective_passes_the_check(objective: str) -> None:
    LightGBM().check({"objective": objective})


@pytest.mark.parametrize(
    "metric", ["l1", "auc", "binary_logloss", "mape", "gamma", "multi_logloss", "auc_mu", "cross_entropy"]
)
def test_metrics_pass_the_check(metric: str) -> None:
    LightGBM().check({"metric": metric})


def test_params_that_do_not_fit_the_data() -> None:
    for problem, objective in [("binary", "regression"), ("regression", "binary"), ("multiclass", "binary")]:
        with pytest.raises(InvalidParams, match=f"'{objective}' cannot be used for a {problem} target"):
            LightGBM().fit(dataset(problem), {"objective": objective}, nothing)
    with pytest.raises(InvalidParams, match="refuses"):
        LightGBM().fit(dataset("regression"), {"feature_contri": [1]}, nothing)
    with pytest.raises(InvalidParams, match="diverges"):
        LightGBM().fit(dataset("regression"), {"learning_rate": 1e300}, nothing)


@pytest.mark.parametrize(
    "params",
    [
        {"monotone_constraints": [1]},
        {"monotone_constraints": [0, 0, 0, 1]},
        {"monotone_constraints": [2, 0, 0, 0]},
        {"interaction_constraints": [[0, 99]]},
        {"interaction_constraints": [0]},
        {"interaction_constraints": [[1.5]]},
    ],
)
def test_constraints_that_would_end_the_process(params: dict[str, Any]) -> None:
    with pytest.raises(InvalidParams, match=f"{next(iter(params))} must be"):
        LightGBM().fit(dataset("regression"), params, nothing)


def test_constraints_that_fit() -> None:
    params = {**PARAMS, "monotone_constraints": [1, 0, 0, 0], "interaction_constraints": [[0, 1], [2, 3]]}
    assert LightGBM().fit(dataset("regression"), params, nothing).booster.num_trees() == 15


def test_few_rows_give_a_model_that_follows_them() -> None:
    estimator = LightGBM()
    x = np.arange(30.0)
    line = estimator.prepare(pa.table({"x": x, "y": 2 * x}), {"target": "y"}).with_test()
    between = np.arange(0.5, 29)
    found = estimator.predict(estimator.fit(line, {}, nothing), pa.table({"x": between}))["prediction"].to_numpy()
    assert 1 - ((found - 2 * between) ** 2).mean() / (2 * between).var() > 0.9
    feeds = np.repeat(np.arange(6), 12)
    six = pa.table({"feed": [f"f{feed}" for feed in feeds], "y": 50.0 * feeds})
    fed = estimator.prepare(six, {"target": "y"}).with_test()
    means = estimator.predict(estimator.fit(fed, {}, nothing), fed.train)["prediction"].to_numpy()
    np.testing.assert_allclose(means, fed.train["y"].to_numpy(), atol=1)
    # Who gives params has these, and more rows are learned from as ever.
    assert estimator.fit(line, {"min_child_samples": 20}, nothing).booster.num_trees() == 1
    leaves = [complete({}, line.schema, rows=rows, threads=1).get("min_data_in_leaf") for rows in (99, 100, 399, 400)]
    assert leaves == [5, 10, 10, None]


def test_dart_has_no_early_stopping() -> None:
    model = LightGBM().fit(dataset("regression"), {**PARAMS, "boosting": "dart"}, nothing)
    assert model.booster.num_trees() == 15


@pytest.mark.parametrize("stored", [b"", b"{}\ntree", b'{"format": 2}\n', b"\xff\n\xff"])
def test_bytes_that_are_no_model(stored: bytes) -> None:
    with pytest.raises(EstimatorFailed, match="cannot be read"):
        LightGBM().load(stored)


def test_options() -> None:
    table = data("binary")
    half = LightGBM().prepare(table, {"target": "target", "holdout": 0.5, "problem": "multiclass"})
    assert half.tested.num_rows == pytest.approx(table.num_rows / 2, abs=2)
    assert half.schema.problem == "multiclass"
    refused: list[tuple[dict[str, Any], str]] = [
        ({"colour": 1}, "unknown options: 'colour'"),
        ({"holdout": "much"}, "holdout must be a number"),
        ({"holdout": 1}, "holdout must be a number"),
        ({"problem": 3}, "problem must be one of"),
    ]
    for options, message in refused:
        with pytest.raises(InvalidField, match=message):
            LightGBM().prepare(table, {"target": "target", **options})
    with pytest.raises(InvalidTable):
        LightGBM().prepare(table.slice(0, 3), {"target": "target"})


def test_catalogue() -> None:
    catalogue = Catalogue(
        {"mine": "tasks.estimators.lightgbm:LightGBM", "lost": "no.such:Thing", "wrong": "json:dumps"}, threads=3
    )
    assert catalogue.names() == ["lightgbm", "lost", "mine", "sklearn", "wrong"]
    mine = catalogue.get("mine")
    assert isinstance(mine, LightGBM)
    assert mine.threads == 3
    assert catalogue.get("mine") is mine
    assert isinstance(catalogue.get("lightgbm"), LightGBM)
    known = "'lightgbm', 'lost', 'mine', 'sklearn', 'wrong'"
    with pytest.raises(InvalidField, match=f"no estimator 'x'; known are {known}"):
        catalogue.get("x")
    for name in ("lost", "wrong"):
        with pytest.raises(SettingsError, match=name):
            catalogue.get(name)


def test_lightgbm_comes_without_what_is_not_used() -> None:
    code = (
        "import sys; from tasks.estimators.lightgbm import load_lightgbm; assert 'lightgbm' not in sys.modules;"
        "load_lightgbm(); assert not {'sklearn', 'pandas', 'numpy.f2py', 'numpy.testing'} & set(sys.modules);"
        "import sklearn, numpy as np; np.testing.assert_array_equal([1], np.array([1])); assert np.f2py.__file__"
    )
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_scikit_learn_stays_if_it_was_there() -> None:
    import sklearn

    load_lightgbm.cache_clear()
    load_lightgbm()
    assert sys.modules["sklearn"] is sklearn
