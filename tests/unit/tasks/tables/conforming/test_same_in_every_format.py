"""A property: the same row becomes the same features, whatever format it comes in; so it has the same prediction."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import Any, Final

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.estimators.lightgbm import LightGBM
from tasks.tables.conforming.asked import asked
from tasks.tables.reading.bodies import read
from tasks.tables.reading.hints import Hints
from tasks.tables.row_reader import RowReader
from tasks.tables.value_types.typing import typed

CASES: Final = 25
NAMES: Final = ("whole", "real", "flag", "code", "colour", "day", "moment", "said")
WORDS: Final = ("quick", "brown", "foxes", "jump", "over", "lazy", "dogs", "while", "it", "rains", "in", "the", "old")


def value(chance: random.Random, name: str) -> Any:
    """A value of one of the columns, as JSON has it."""
    if name == "flag":
        return chance.random() < 0.5
    if name == "whole":
        return chance.choice([0, 1, -7, 10**6, 2**40]) + chance.randrange(50)
    if name == "real":
        return chance.choice([chance.uniform(-1e3, 1e3), round(chance.uniform(-9, 9), 2), 1e-7, 1e12, 3.0])
    if name == "code":
        return chance.choice(["007", "0042", "+49", "0x1F", "7"])
    if name == "colour":
        return chance.choice(["red", "grün", "NA", "a,b", 'so "called"', "1e5", " padded ", "line\nbreak"])
    if name == "day":
        return f"20{chance.randrange(10, 26)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}"
    if name == "moment":
        return f"2025-06-{chance.randrange(1, 29):02}T{chance.randrange(24):02}:{chance.randrange(60):02}:30"
    return " ".join(chance.choices(WORDS, k=chance.randrange(4, 9)))


def rows_of(chance: random.Random, count: int) -> list[dict[str, Any]]:
    return [{name: None if chance.random() < 0.1 else value(chance, name) for name in NAMES} for _ in range(count)]


def as_csv(rows: list[dict[str, Any]]) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(NAMES)
    for row in rows:
        writer.writerow([json.dumps(v) if isinstance(v, bool | float) else v for v in row.values()])
    return sink.getvalue().encode()


def as_table(rows: list[dict[str, Any]]) -> pa.Table:
    table = pa.Table.from_pylist(rows, schema=pa.schema([(name, TYPES.get(name, pa.string())) for name in NAMES]))
    for name, kind in (("day", pa.date32()), ("moment", pa.timestamp("us"))):
        table = table.set_column(NAMES.index(name), name, table.column(name).cast(kind))
    return table.set_column(NAMES.index("colour"), "colour", table.column("colour").dictionary_encode())


TYPES: Final = {"whole": pa.int64(), "real": pa.float64(), "flag": pa.bool_()}


def as_parquet(rows: list[dict[str, Any]]) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(as_table(rows), sink)
    return sink.getvalue()


def as_arrow(rows: list[dict[str, Any]]) -> bytes:
    sink = pa.BufferOutputStream()
    table = as_table(rows)
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


#: JSON, all the forms in which rows are sent.
JSON: Final[dict[str, Any]] = {
    "objects": lambda rows: {"rows": rows},
    "lists": lambda rows: {"rows": [list(row.values()) for row in rows]},
    "columns": lambda rows: {"columns": {name: [row[name] for row in rows] for name in NAMES}},
    "a bare list": lambda rows: rows,
    "nulls left out": lambda rows: {"rows": [{k: v for k, v in row.items() if v is not None} for row in rows]},
    "all as text": lambda rows: {"rows": [{k: v if v is None else as_text(v) for k, v in r.items()} for r in rows]},
    "split": lambda rows: {"columns": list(NAMES), "data": [list(row.values()) for row in rows]},
}
FILES: Final = {"text/csv": as_csv, "application/vnd.apache.parquet": as_parquet, "application/arrow": as_arrow}


def as_text(given: Any) -> str:
    return given if isinstance(given, str) else json.dumps(given)


@pytest.fixture(scope="module")
def model() -> tuple[LightGBM, Any, Any]:
    """An estimator, what it learned from rows of every type, and their schema."""
    chance = random.Random(1)
    rows = [{**row, "y": chance.uniform(0, 9) + (row["real"] or 0) / 100} for row in rows_of(chance, 400)]
    table, _ = typed(read(json.dumps({"rows": rows}).encode(), Hints(content_type="application/json")).table)
    estimator = LightGBM()
    dataset = estimator.prepare(table, {"target": "y"})
    assert {column.type for column in dataset.schema.columns} == {"number", "boolean", "category", "date", "text"}
    return estimator, estimator.fit(dataset, {"num_iterations": 20}, lambda *_: None), dataset.schema


@pytest.mark.parametrize("seed", range(CASES))
def test_the_same_rows_have_the_same_predictions(model: tuple[LightGBM, Any, Any], seed: int) -> None:
    estimator, artefact, schema = model
    rows = rows_of(random.Random(seed + 100), 1 + seed % 5)
    if all(row[name] is None for row in rows for name in NAMES):
        rows[0]["real"] = 1.5
    reader, tables = RowReader(schema), {}
    for form, write in JSON.items():
        tables[form] = reader.table([reader.read(json.dumps(write(rows)).encode())])
    lines = "\n".join(map(json.dumps, rows)).encode()
    tables["one a line"] = reader.table([reader.read(lines)])
    for media, write in FILES.items():
        tables[media] = asked(read(write(rows), Hints(content_type=media), schema), schema).table
    expected = plain(tables["objects"])
    for form, table in tables.items():
        assert plain(table) == expected, form
    answers = {form: estimator.predict(artefact, table).column(0).to_pylist() for form, table in tables.items()}
    assert all(answer == answers["objects"] for answer in answers.values()), answers


def plain(table: pa.Table) -> list[dict[str, Any]]:
    """The rows, None for NaN too."""
    return [{name: None if value != value else value for name, value in row.items()} for row in table.to_pylist()]
