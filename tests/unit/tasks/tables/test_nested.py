"""Columns of JSON: what is in their cells reaches an estimator as text, by whatever way a body is read."""

from __future__ import annotations

import json
from typing import Any, Final

import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidRows, InvalidTable
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.catalogue import Catalogue
from tasks.tables.bounds import UNBOUNDED
from tasks.tables.conforming.ways import Ways
from tasks.tables.nested import nested_wishes
from tasks.tables.planning.options import wishes_of
from tasks.tables.reading.bodies import read
from tasks.tables.reading.hints import Hints
from tasks.tables.row_reader import RowReader
from tasks.tables.value_types.typing import typed

COLUMNS: Final = {"columns": {"doc": {"type": "text", "format": "json"}}}
ROWS: Final = [{"doc": {"k": i, "tags": ["a", None]}, "x": float(i % 7), "y": 0.5 * i} for i in range(60)]
DOCUMENTS: Final[list[Any]] = [{"k": 1}, [1, 2], "text", 3, True, {"größe": "ü"}]
WRITTEN: Final = ['{"k":1}', "[1,2]", "text", "3", "true", '{"größe":"ü"}']


class Keys(Estimator[float]):
    """Predicts how many keys a document has."""

    raw = frozenset({"text"})

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> float:
        return 0.0

    def predict(self, model: float, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": [float(len(json.loads(text))) for text in table.column("doc").to_pylist()]})

    def dump(self, model: float) -> bytes:
        return b"0"

    def load(self, data: bytes) -> float:
        return float(data)


@pytest.fixture(scope="module")
def dataset() -> Dataset:
    """What an init makes of a table with such a column."""
    wishes = wishes_of(COLUMNS)
    body = json.dumps({"rows": ROWS}).encode()
    table, found = typed(read(body, Hints(nested=nested_wishes(wishes))).table, wishes)
    assert not found
    keys = Catalogue({"keys": f"{__name__}:Keys"}, threads=1).get("keys")
    made = keys.prepare(table, {**COLUMNS, "target": "y"})
    model = keys.fit(made, {}, lambda *_: None)
    assert set(keys.predict(model, made.train).column("prediction").to_pylist()) == {2.0}
    return made


def test_the_schema_says_so(dataset: Dataset) -> None:
    first = dataset.schema.columns[0]
    assert (first.name, first.type, first.format) == ("doc", "text", "json")
    assert json.loads(dataset.train.column("doc")[0].as_py()).keys() == {"k", "tags"}


@pytest.mark.parametrize("ways", [Ways(), Ways(keep=("x",))], ids=["fast", "slow"])
def test_rows_of_an_estimate_are_read_alike(dataset: Dataset, ways: Ways) -> None:
    reader = RowReader(dataset.schema)
    by_name = json.dumps({"rows": [{"doc": document, "x": 1} for document in DOCUMENTS]}).encode()
    by_place = json.dumps({"rows": [[document, 1] for document in DOCUMENTS]}).encode()
    by_column = json.dumps({"columns": {"doc": DOCUMENTS, "x": [1] * len(DOCUMENTS)}}).encode()
    for body in (by_name, by_place, by_column):
        table = reader.table([reader.read(body, UNBOUNDED, ways)])
        assert table.column("doc").to_pylist() == WRITTEN
    opened = read(by_name, Hints(), dataset.schema)
    assert opened.table.column("doc").to_pylist() == WRITTEN


def test_only_such_columns_hold_objects(dataset: Dataset) -> None:
    with pytest.raises(InvalidTable, match=r"row 0, column 'doc': is an object; .*\"format\": \"json\""):
        read(json.dumps({"rows": ROWS}).encode(), Hints())
    reader = RowReader(dataset.schema)
    with pytest.raises(InvalidRows, match="column 'x'"):
        reader.read(json.dumps({"rows": [{"doc": {}, "x": {}}]}).encode())
    with pytest.raises(InvalidField, match="is no format of text; the only one is json"):
        wishes_of({"columns": {"doc": {"type": "text", "format": "xml"}}})
