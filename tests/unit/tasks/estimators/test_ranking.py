"""Rows of a query are kept together, put in order, and judged by NDCG."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference

from tasks.errors import InvalidField, InvalidTable, InvalidTarget
from tasks.estimators.base import Dataset
from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.metrics import figures, main_metric
from tasks.estimators.outcomes import Outcomes
from tasks.estimators.uncertainty import intervals
from tasks.learning.cross_validation import cross_validated, pooled
from tasks.learning.deciding import decision_of
from tasks.learning.measuring import grade
from tasks.tables.planning.ranking import MOST_OF_QUERY

PARAMS = {"n_estimators": 30, "min_data_in_leaf": 5}
OPTIONS = {"target": "y", "columns": {"q": "query"}}


def table(rows: int = 900) -> pa.Table:
    """What is relevant shows only beside other rows of the query; the queries are not together."""
    rng = np.random.default_rng(3)
    queries = rng.integers(0, 60, size=rows)
    worth = rng.normal(size=rows)
    relevance = np.clip(np.round(worth + rng.normal(size=rows) * 0.3 + 1), 0, 4).astype(int)
    level = rng.normal(size=60)[queries] * 5
    return pa.table({"q": queries, "x": worth + level, "level": level, "y": relevance, "when": queries // 3})


def prepared(options: dict[str, Any] | None = None, data: pa.Table | None = None) -> Dataset:
    return LightGBM().prepare(table() if data is None else data, OPTIONS | (options or {}))


def queries(part: pa.Table | None) -> set[Any]:
    assert part is not None
    return set(part["q"].to_pylist())


def quiet(*_: Any) -> None:
    """Progress that nobody follows."""


@pytest.mark.parametrize("ties", [False, True])
def test_ndcg_is_that_of_others(ties: bool) -> None:
    rng = np.random.default_rng(0)
    truth, of_query = rng.integers(0, 4, size=400), np.sort(rng.integers(0, 30, size=400))
    scores = rng.normal(size=400)
    if ties:
        scores = scores.round(0)
    found = figures(
        Outcomes("ranking", truth, scores, np.empty((400, 0)), np.ones(400), queries=of_query.astype(np.uint64))
    )
    assert list(found) == ["ndcg@1", "ndcg@3", "ndcg@5", "ndcg@10", "ndcg@20"]
    for cut in (1, 5, 20):
        parts = [of_query == query for query in set(of_query.tolist())]
        expected = [reference.ndcg_score([2.0 ** truth[one] - 1], [scores[one]], k=cut) for one in parts]
        assert found[f"ndcg@{cut}"] == pytest.approx(np.mean(expected))
    assert main_metric("ranking", "", found) == ("ndcg@10", True)
    assert main_metric("ranking", "ndcg@3", found) == ("ndcg@3", True)


def test_a_query_of_which_nothing_is_relevant_is_in_order() -> None:
    rows = Outcomes(
        "ranking",
        np.zeros(3),
        np.arange(3.0),
        np.empty((3, 0)),
        np.ones(3),
        queries=np.array([7, 7, 9], dtype=np.uint64),
    )
    assert set(figures(rows).values()) == {1.0}


def test_rows_of_a_query_stay_together() -> None:
    data = prepared()
    assert data.schema.problem == "ranking"
    assert not data.schema.classes
    parts = [queries(part) for part in (data.train, data.holdout, data.test)]
    assert sum(map(len, parts)) == len(set.union(*parts)) == 60
    again = LightGBM().keeping(data.sides).prepare(table(1000), OPTIONS)
    assert queries(data.test) <= queries(again.test)


def test_a_ranking_may_be_split_by_the_first_time_of_each_query() -> None:
    late = table().append_column("late", pa.array(np.arange(900) % 7 * 0.001))
    moments = np.asarray(late["when"]) + np.asarray(late["late"])
    data = prepared({"columns": {"q": "query", "when": "time"}}, late.set_column(4, "when", pa.array(moments)))
    parts = [queries(part) for part in (data.train, data.holdout, data.test)]
    assert sum(map(len, parts)) == 60
    assert max(parts[0]) // 3 < min(parts[2]) // 3
    with pytest.raises(InvalidField, match="cannot be split by random, which parts rows of a query"):
        prepared({"split": "random"})


def test_a_model_puts_rows_in_order_and_is_judged_by_it() -> None:
    estimator, data = LightGBM(), prepared({"metric": "ndcg@3"})
    told: list[Any] = []
    model = estimator.fit(data, PARAMS, lambda *step: told.append(step))
    assert "ndcg@3" in told[-1][2]["holdout"]
    graded = grade(estimator, estimator.load(estimator.dump(model)), data)
    found = graded.metrics
    assert found["ndcg@3"] > figures(graded.guessed)["ndcg@3"] + 0.2
    low, high = intervals(graded.outcomes, found)["ndcg@3"]
    assert 0 <= low < found["ndcg@3"] < high <= 1
    assert not decision_of(graded.outcomes, data.choices).scores
    other = estimator.fit(data, {"objective": "rank_xendcg", **PARAMS}, quiet)
    assert grade(estimator, other, data).metrics["ndcg@3"] > 0.5
    folds = cross_validated(estimator, data, PARAMS, progress=quiet)
    assert len(folds) == 5
    assert 0.5 < figures(pooled(folds).outcomes)["ndcg@3"] <= 1


def test_where_the_rows_of_a_query_stand_is_of_no_account() -> None:
    estimator, data = LightGBM(), table()
    found = []
    for rows in (data, data.take(np.argsort(np.asarray(data["q"]), kind="stable"))):
        ready = estimator.prepare(rows, OPTIONS)
        asked = ready.tested.take(np.argsort(np.asarray(ready.tested["x"])))
        found.append(estimator.predict(estimator.fit(ready, PARAMS, quiet), asked)["prediction"].to_pylist())
    assert found[0] == found[1]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"problem": "regression"}, "role query, which makes it a ranking"),
        ({"problem": "ranking", "columns": {}}, "needs a column that says which rows are ranked together"),
        ({"metric": "rmse"}, "none of those of a ranking"),
        ({"split": "group"}, "cannot be split by group"),
    ],
)
def test_options_that_do_not_go_together_are_refused(options: dict[str, Any], words: str) -> None:
    with pytest.raises(InvalidField, match=words):
        prepared(options)


@pytest.mark.parametrize(
    ("column", "values", "error", "words"),
    [
        ("y", [31, 1, 0] * 300, InvalidTarget, "row 0, column 'y': 31 is no relevance"),
        ("y", [1, 1.5, 0] * 300, InvalidTarget, "row 1, column 'y': 1.5 is no relevance"),
        ("y", ["a", "b", "c"] * 300, InvalidTarget, "a ranking needs numbers"),
        ("q", [1, 2, None] * 300, InvalidTable, "row 2, column 'q': the query has no value"),
        ("q", [1, 2] * 450, InvalidField, "has 2 queries; a split by query needs at least 3"),
    ],
)
def test_rows_that_cannot_be_ranked_are_named(column: str, values: list[Any], error: Any, words: str) -> None:
    data = table()
    with pytest.raises(error, match=words):
        prepared(data=data.set_column(data.column_names.index(column), column, pa.array(values)))


def test_a_query_of_too_many_rows_is_named() -> None:
    rows = MOST_OF_QUERY + 5
    data = pa.table({"q": ["b", *["a"] * rows, "c"], "x": np.arange(rows + 2) % 7, "y": np.arange(rows + 2) % 3})
    with pytest.raises(InvalidTable, match=r"row 10001, column 'q': the query 'a' has 10,005 rows; at most 10,000"):
        prepared(data=data)
