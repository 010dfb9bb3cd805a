"""A model that needs no rows is made of columns that are declared."""

from __future__ import annotations

from typing import Any

import pyarrow as pa
import pytest

from tasks.errors import InvalidField
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.without_rows import declared
from tasks.tables.columns import Column


class Rule(Estimator[bytes]):
    """Says of a text whether it is long."""

    needs_rows = False
    columns = {"text": "text", "level": Column("level", "category", categories=["high", "low"])}
    target = "long"
    classes = ("no", "yes")

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> bytes:
        assert dataset.train.num_rows == 0
        return b"20"

    def predict(self, model: bytes, table: pa.Table) -> pa.Table:
        chances = [float(len(text) > int(model)) for text in table.column("text").to_pylist()]
        named = ["yes" if chance else "no" for chance in chances]
        return pa.table({"prediction": named, "probability_0": [1 - c for c in chances], "probability_1": chances})

    def dump(self, model: bytes) -> bytes:
        return model

    def load(self, data: bytes) -> bytes:
        return data


@pytest.fixture
def rule() -> Estimator[Any]:
    return Catalogue({"rule": f"{__name__}:Rule"}, threads=1).get("rule")


def test_its_columns_are_those_that_it_names(rule: Estimator[Any]) -> None:
    dataset = declared(rule, {})
    schema = dataset.schema
    assert [(column.name, column.type) for column in schema.columns] == [("text", "text"), ("level", "category")]
    assert (schema.target, schema.problem, schema.classes) == ("long", "binary", ["no", "yes"])
    assert dataset.rows == 0
    assert dataset.train.column_names == ["text", "level", "long"]
    assert dataset.plan is not None
    model = rule.load(rule.dump(rule.fit(dataset, {}, lambda *_: None)))
    # Text comes as it is: nothing was learned of it.
    table = pa.table({"text": ["a", "a" * 21], "level": ["low", "low"]})
    assert rule.predict(model, table).column("prediction").to_pylist() == ["no", "yes"]


def test_an_init_may_name_others(rule: Estimator[Any]) -> None:
    schema = declared(rule, {"columns": {"words": "text", "when": {"type": "date"}}, "target": "wordy"}).schema
    assert [(column.name, column.type) for column in schema.columns] == [("words", "text"), ("when", "date")]
    assert schema.target == "wordy"


@pytest.mark.parametrize(
    ("options", "said", "pointer"),
    [
        ({"holdout": 0.1}, "holdout says what is done with rows", "/options/holdout"),
        ({"columns": {"a": "feature"}}, "column 'a' needs a type", "/options/columns/a"),
        ({"columns": {"a": "category"}}, "no categories are known", "/options/columns/a"),
        ({"target": "text"}, "is one of the columns", "?target"),
        ({"problem": "regression"}, "answers a binary problem", "/options/problem"),
        ({"colums": {}}, "did you mean 'columns'", "/options/colums"),
    ],
)
def test_what_cannot_be_declared_is_refused(
    rule: Estimator[Any], options: dict[str, Any], said: str, pointer: str
) -> None:
    with pytest.raises(InvalidField, match=said) as error:
        declared(rule, options)
    assert error.value.pointer == pointer


def test_one_that_names_no_columns_asks_for_them() -> None:
    class Nameless(Rule):
        columns = {}

    with pytest.raises(InvalidField, match="says which columns a row has"):
        declared(Nameless(), {})
