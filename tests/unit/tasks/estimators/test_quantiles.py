"""Several quantiles at once: sorted, judged by pinball loss, told by name."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from tasks.contract import Media
from tasks.errors import InvalidField, InvalidParams
from tasks.estimators.base import Dataset
from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.lightgbm_quantiles import middle
from tasks.estimators.metrics import figures, main_metric
from tasks.learning.answers import Answers
from tasks.learning.cross_validation import cross_validated, pooled
from tasks.learning.measuring import grade, outcomes_on
from tasks.tables.row_reader import RowReader
from tasks.worker.model_cache import Loaded

LEVELS = (0.1, 0.5, 0.9)
PARAMS: dict[str, Any] = {"objective": "quantile", "alpha": [0.9, 0.1, 0.5], "n_estimators": 40}


def data(rows: int = 800) -> Dataset:
    """The target is spread the wider, the larger x is."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 3, size=rows)
    table = pa.table({"x": x, "noise": rng.normal(size=rows), "y": x + rng.normal(size=rows) * x})
    return LightGBM().prepare(table, {"target": "y"})


def quiet(*_: Any) -> None:
    """Progress that nobody follows."""


def test_a_higher_quantile_is_never_below_and_the_loss_judges() -> None:
    estimator, ready = LightGBM(), data()
    fitted = estimator.fit(ready, PARAMS, quiet)
    dumped = estimator.dump(fitted)
    files = estimator.parts(dumped)
    assert list(files) == ["header.json", *(f"model_quantile_{level}.txt" for level in LEVELS)]
    assert b"".join(files.values()) == dumped
    assert all(files[name].startswith(b"tree\n") for name in list(files)[1:])
    model = estimator.load(dumped)
    found = estimator.predict(model, ready.tested)
    assert found.column_names == ["prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"]
    assert found.equals(estimator.predict(fitted, ready.tested))
    assert found["prediction"].equals(found["quantile_0.5"])
    low, centre, high = (np.asarray(found[f"quantile_{level}"]) for level in LEVELS)
    assert (low <= centre).all()
    assert (centre <= high).all()

    assert estimator.quantile(PARAMS) == LEVELS
    graded = grade(estimator, model, ready, quantile=LEVELS)
    truth = ready.tested["y"].to_numpy()
    losses = [
        reference.mean_pinball_loss(truth, one, alpha=at) for at, one in zip(LEVELS, (low, centre, high), strict=True)
    ]
    assert graded.metrics["pinball"] == pytest.approx(np.mean(losses))
    assert graded.metrics["pinball"] < figures(graded.guessed)["pinball"]
    assert main_metric("regression", "", graded.metrics) == ("pinball", False)
    folds = cross_validated(estimator, ready, PARAMS, progress=quiet, quantile=LEVELS)
    assert figures(pooled(folds).outcomes)["pinball"] == pytest.approx(np.mean(losses), rel=0.5)
    assert estimator.importance(model)["x"] > estimator.importance(model)["noise"]
    json.dumps(estimator.params_used(fitted))


def test_fits_that_cross_are_sorted() -> None:
    estimator, ready = LightGBM(), data()
    model = estimator.fit(ready, {**PARAMS, "alpha": [0.45, 0.5, 0.55]}, quiet)
    matrix = model.features.matrix(ready.tested, ready.schema)
    alone = np.array([booster.predict(matrix) for booster in model.boosters])
    assert (np.diff(alone, axis=0) < 0).any()
    found = estimator.predict(model, ready.tested)
    assert [np.asarray(column).tolist() for column in found.columns[1:]] == np.sort(alone, axis=0).tolist()


def test_a_model_of_one_value_can_be_compared() -> None:
    estimator, ready = LightGBM(), data()
    usual = estimator.fit(ready, {"n_estimators": 10}, quiet)
    old = outcomes_on(ready.tested, estimator, usual, ready.schema, quantile=LEVELS)
    guess, truth = old.given, ready.tested["y"].to_numpy()
    expected = np.mean([reference.mean_pinball_loss(truth, guess, alpha=level) for level in LEVELS])
    assert figures(old)["pinball"] == pytest.approx(expected)


def test_the_curve_is_that_of_the_middle_one_and_progress_is_of_all() -> None:
    told: list[Any] = []
    LightGBM().fit(data(), {**PARAMS, "early_stopping_rounds": 0}, lambda *step: told.append(step))
    assert [step[0] for step in told] == list(range(1, 121))
    assert {step[1] for step in told} == {120}
    assert all(step[2]["holdout"]["quantile"] > 0 for step in told[:40])
    assert not any(step[2] for step in told[40:])


def test_a_fit_stops_by_its_own_loss() -> None:
    estimator = LightGBM()
    model = estimator.fit(data(), {"objective": "quantile", "n_estimators": 5}, quiet)
    assert estimator.params_used(model)["metric"] == "quantile"
    assert estimator.predict(model, data().tested).column_names == ["prediction"]


def test_which_one_is_the_prediction() -> None:
    assert [middle(levels) for levels in ([0.1, 0.5], [0.1, 0.9], [0.8, 0.9], [0.2])] == [0.5, 0.1, 0.8, 0.2]


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"alpha": [0.1]}, "may be a list for the objective quantile alone"),
        ({"objective": "quantile", "alpha": [0.1, 0.1]}, "has a number twice"),
        ({"objective": "quantile", "alpha": []}, "1 to 20 numbers between 0 and 1"),
        ({"objective": "quantile", "alpha": [0.1, 1.0]}, "1 to 20 numbers between 0 and 1"),
        ({"objective": "quantile", "alpha": [n / 30 for n in range(1, 25)]}, "1 to 20 numbers between 0 and 1"),
    ],
)
def test_lists_that_are_none_of_quantiles_are_refused(params: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidParams, match=words) as caught:
        LightGBM().check(params)
    assert caught.value.pointer == "/params/alpha"


def test_answers_name_the_quantiles() -> None:
    estimator, ready = LightGBM(), data()
    model = estimator.fit(ready, PARAMS, quiet)
    loaded = Loaded("m", 1, estimator, model, ready.schema, RowReader(ready.schema))
    predictions = estimator.predict(model, ready.tested)
    answers = Answers(loaded, predictions, estimator.explain(model, ready.tested))
    found = json.loads(answers.rows(0, 2, Media.JSON).body)
    assert found["alpha"] == [0.1, 0.5, 0.9]
    assert [row[1] for row in found["quantiles"]] == found["predictions"]
    with pa.ipc.open_stream(answers.rows(0, 2, Media.ARROW).body) as stream:
        table = stream.read_all()
    assert table.column_names[:4] == ["prediction", "quantile_0.1", "quantile_0.5", "quantile_0.9"]


def test_a_fit_goes_on_from_quantiles() -> None:
    estimator, ready = LightGBM(), data()
    model = estimator.load(estimator.dump(estimator.fit(ready, PARAMS, quiet)))
    going = estimator.starting_from(model)
    more = going.fit(ready, {**PARAMS, "n_estimators": 3, "early_stopping_rounds": 0}, quiet)
    assert [b.num_trees() - a.num_trees() for a, b in zip(model.boosters, more.boosters, strict=True)] == [3, 3, 3]
    with pytest.raises(InvalidField, match=r"one of alpha=\[0.1, 0.5, 0.9\], and these params are of one fit"):
        going.fit(ready, {"objective": "quantile"}, quiet)
