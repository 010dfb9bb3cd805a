"""The same table has the same types, fingerprint and rows, whatever wrote it."""

from __future__ import annotations

import io
import json
import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.estimators.lightgbm import LightGBM
from tasks.tables.columns import Schema
from tasks.tables.conforming.asked import asked
from tasks.tables.formats import fingerprint
from tasks.tables.reading.bodies import open_body, read, read_opened
from tasks.tables.reading.hints import Hints
from tasks.tables.reading.sniffing import Format
from tasks.tables.row_hashes import row_hashes
from tasks.tables.row_reader import RowReader
from tasks.tables.value_types.typing import format_of, typed

Row = dict[str, Any]
DAY = datetime(2026, 11, 1)
#: A value of each kind, from a source of chance. Arrow is given them as they are, JSON and CSV as `text` writes them.
KINDS: dict[str, Callable[[random.Random], Any]] = {
    "whole": lambda chance: chance.randint(-(10**6), 10**6),
    "large": lambda chance: chance.randint(2**53, 2**63 - 1),
    "cents": lambda chance: Decimal(chance.randint(-(10**7), 10**7)).scaleb(-2),
    "floats": lambda chance: chance.uniform(-1, 1) * 10 ** chance.randint(-20, 20),
    "whole_floats": lambda chance: float(chance.randint(0, 9)),
    "truth": lambda chance: chance.random() < 0.5,
    "days": lambda chance: (DAY + timedelta(days=chance.randint(-9999, 9999))).date(),
    "moments": lambda chance: DAY + timedelta(seconds=chance.randint(0, 10**8)),
    "zoned": lambda chance: DAY.replace(tzinfo=UTC) + timedelta(milliseconds=chance.randint(0, 10**11)),
    "times": lambda chance: (DAY + timedelta(seconds=chance.randint(0, 86399))).time(),
    "durations": lambda chance: timedelta(seconds=chance.randint(-(10**6), 10**6), milliseconds=chance.randint(0, 999)),
    "codes": lambda chance: f"{chance.randint(0, 999):04d}",
    "countries": lambda chance: chance.choice(["DE", "NA", "FR", "None", "-"]),
    "said": lambda chance: chance.choice(["a, b", 'say "x"', "two\nlines", "ä", "", " "]),
}


def drawn(seed: int, rows: int = 60) -> list[Row]:
    """Rows of all kinds of values, of which some are missing."""
    chance = random.Random(seed)
    missing = {name: chance.choice([0.0, 0.2]) for name in KINDS}
    return [
        {name: None if chance.random() < missing[name] else draw(chance) for name, draw in KINDS.items()}
        for _ in range(rows)
    ]


def text(value: Any) -> str:
    """As pandas and Python's csv write it."""
    if isinstance(value, timedelta):
        days, seconds = divmod(value, timedelta(days=1))
        return f"{days} days {'+' if days < 0 else ''}{(DAY + seconds).time()}"
    return str(value)


def as_csv(rows: list[Row], *, quoted: bool) -> tuple[bytes, str]:
    """CSV in which all texts are quoted, or all that is there."""

    def cell(value: Any) -> str:
        if value is None:
            return ""
        written = text(value)
        return '"' + written.replace('"', '""') + '"' if quoted or isinstance(value, str) else written

    lines = [",".join(rows[0]), *(",".join(map(cell, row.values())) for row in rows)]
    return "\n".join([*lines, ""]).encode(), "text/csv"


def as_json(rows: list[Row], *, strings: bool) -> tuple[bytes, str]:
    """JSON, with numbers and booleans as they are, or all as texts."""

    def cell(value: Any) -> Any:
        plain = value is None or (isinstance(value, bool | int | float) and not strings)
        return value if plain else text(value)

    cells = [{name: cell(value) for name, value in row.items()} for row in rows]
    return json.dumps({"rows": cells}).encode(), "application/json"


def as_lines(rows: list[Row]) -> tuple[bytes, str]:
    document = json.loads(as_json(rows, strings=False)[0])
    return b"".join(json.dumps(row).encode() + b"\n" for row in document["rows"]), "application/x-ndjson"


def as_parquet(table: pa.Table) -> tuple[bytes, str]:
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue(), "application/vnd.apache.parquet"


def as_arrow(table: pa.Table) -> tuple[bytes, str]:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=7)
    return sink.getvalue(), "application/vnd.apache.arrow.stream"


def other_types(table: pa.Table) -> pa.Table:
    """The same values in other types that writers use."""
    changed = {
        "whole": pa.float64(),
        "cents": pa.decimal128(38, 10),
        "whole_floats": pa.float32(),
        "days": pa.timestamp("ns"),
        "moments": pa.timestamp("ns"),
        "zoned": pa.timestamp("ms", "Asia/Tokyo"),
        "times": pa.time64("ns"),
        "durations": pa.duration("ns"),
        "codes": pa.large_string(),
        "countries": pa.string_view(),
    }
    fields = [pa.field(field.name, changed.get(field.name, field.type)) for field in table.schema]
    return table.cast(pa.schema(fields))


def bodies(rows: list[Row]) -> dict[str, tuple[bytes, str]]:
    """The rows in every format, with its type."""
    table = pa.Table.from_pylist(rows)
    texts = pa.table(
        {name: pa.array([None if row[name] is None else text(row[name]) for row in rows]) for name in KINDS}
    )
    return {
        "csv": as_csv(rows, quoted=False),
        "quoted csv": as_csv(rows, quoted=True),
        "json": as_json(rows, strings=False),
        "json of texts": as_json(rows, strings=True),
        "ndjson": as_lines(rows),
        "parquet": as_parquet(table),
        "arrow": as_arrow(table),
        "parquet of other types": as_parquet(other_types(table)),
        "arrow of texts": as_arrow(texts),
    }


def found(body: bytes, media: str) -> pa.Table:
    reading = read(body, Hints(content_type=media))
    table, _ = typed(reading.table, decimal=reading.decimal)
    return table


@pytest.mark.parametrize("seed", range(8))
def test_all_formats_have_the_same_types_values_and_rows(seed: int) -> None:
    rows = drawn(seed)
    tables = {name: found(*body) for name, body in bodies(rows).items()}
    first = tables["arrow"]
    for name, table in tables.items():
        for one, other in zip(first.schema, table.schema, strict=True):
            assert (one.name, one.type) == (other.name, other.type), name
            assert first[one.name].to_pylist() == table[one.name].to_pylist(), (name, one.name)
            assert format_of(one) == format_of(other), (name, one.name)
        assert fingerprint(table) == fingerprint(first), name
        assert (row_hashes(table) == row_hashes(first)).all(), name


def test_the_types_are_what_the_values_are() -> None:
    table = found(*bodies(drawn(1))["csv"])
    types = {field.name: str(field.type) for field in table.schema}
    assert types == {
        **dict.fromkeys(["whole", "large", "whole_floats", "times"], "int64"),
        **dict.fromkeys(["cents", "floats", "durations"], "double"),
        "truth": "bool",
        **dict.fromkeys(["days", "moments", "zoned"], "timestamp[us]"),
        **dict.fromkeys(["codes", "countries", "said"], "string"),
    }


@pytest.mark.parametrize("seed", range(4))
def test_the_same_rows_ask_the_same_in_all_formats(seed: int) -> None:
    rows = [{**row, "y": index / 2} for index, row in enumerate(drawn(seed))]
    # A column whose values are unique texts is no feature; these are to be.
    given = {"codes": "category", "countries": "category", "said": "category"}
    schema = LightGBM().prepare(found(*as_csv(rows, quoted=False)), {"target": "y", "columns": given}).schema
    assert schema.names == list(KINDS)
    other = [{name: value for name, value in row.items() if name != "y"} for row in rows[::-1]]
    tables = {name: asked_table(*body, schema) for name, body in bodies(other).items()}
    for name, table in tables.items():
        assert table.schema == tables["arrow"].schema, name
        for column in schema.names:
            assert plain_values(table, column) == plain_values(tables["arrow"], column), (name, column)


def asked_table(body: bytes, media: str, schema: Schema) -> pa.Table:
    """What an estimator is asked, as a worker reads it."""
    opened = open_body(body, Hints(content_type=media))
    if opened.format is Format.JSON:
        reader = RowReader(schema)
        return reader.table([reader.read(opened.data)])
    return asked(read_opened(opened, schema), schema).table


def plain_values(table: pa.Table, name: str) -> list[Any]:
    """The values, NaN as None: a number that is missing may be either."""
    return [None if value != value else value for value in table[name].to_pylist()]
