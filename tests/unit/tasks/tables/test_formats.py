"""Tables to and from bytes."""

from __future__ import annotations

import io
from datetime import date
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.contract import Media
from tasks.errors import InvalidField, InvalidRequest, InvalidTable, MalformedBody, NotAcceptable
from tasks.tables.columns import Column, Schema
from tasks.tables.formats import fingerprint, from_ipc, to_ipc, write
from tasks.tables.reading.bodies import read_table as read

TABLE = pa.table({"x": [1.5, None, 3.0], "t": ["a", "ü", None], "b": [True, False, None]})


def as_parquet(table: pa.Table) -> bytes:
    """The table as Parquet."""
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def as_file(table: pa.Table) -> bytes:
    """The table in Arrow's file format."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(sink.getvalue().to_pybytes())


def test_every_media_gives_the_same_table() -> None:
    columns = b'{"columns": {"x": [1.5, null, 3], "t": ["a", "\xc3\xbc", null], "b": [true, false, null]}}'
    rows = b'{"rows": [{"x": 1.5, "t": "a", "b": true}, {"b": false, "x": null, "t": "\\u00fc"},'
    rows += b'{"x": 3, "t": null, "b": null}]}'
    for data, media in [
        (columns, Media.JSON),
        (rows, Media.JSON),
        (write(TABLE, Media.CSV), Media.CSV),
        (b"\xef\xbb\xbf" + write(TABLE, Media.CSV), Media.CSV),
        (as_parquet(TABLE), Media.PARQUET),
        (write(TABLE, Media.ARROW), Media.ARROW),
        (as_file(TABLE), Media.ARROW),
    ]:
        assert read(data, media).equals(TABLE), media
    assert from_ipc(to_ipc(TABLE)).equals(TABLE)


def test_wide_tables_are_compressed_as_a_whole() -> None:
    wide = pa.table({f"c{index}": [0.5, None, index] for index in range(1001)})
    stored = to_ipc(wide)
    assert from_ipc(stored).equals(wide)
    assert len(stored) < 100_000


def test_csv_types() -> None:
    data = b'n,zip,text\n1,007,"a\nb"\n,010,"NA"\n2.5,,\n'
    found = read(data, Media.CSV)
    assert found.column("n").to_pylist() == [1.0, None, 2.5]
    assert found.column("zip").to_pylist() == ["007", "010", None]
    assert found.column("text").to_pylist() == ["a\nb", "NA", None]
    schema = Schema(columns=[Column("zip", "category", ["7"])], target="y", problem="regression")
    assert read(b"zip\n7\n10\n", Media.CSV, schema).column("zip").to_pylist() == ["7", "10"]


def test_a_csv_column_may_change_its_mind_late() -> None:
    data = b"x\n" + b"1\n" * 5_000_000 + b"2.5\n"
    assert read(data, Media.CSV).column("x").type == pa.float64()


def test_write_refuses_what_it_does_not_write() -> None:
    with pytest.raises(NotAcceptable):
        write(TABLE, Media.PARQUET)


BAD: list[tuple[bytes, Media, type[InvalidRequest], str]] = [
    (b"", Media.CSV, MalformedBody, "empty"),
    (b"a,b\n1,2\n3\n", Media.CSV, MalformedBody, "line 3 of the CSV has 1 fields where 2 are expected"),
    (b"a,b\n1,2\n3,4,5\n6,7,8\n", Media.CSV, MalformedBody, "line 3 of the CSV has 3 fields"),
    ("a,b\nü,2\n".encode("latin-1"), Media.CSV, MalformedBody, "byte 4 .* is 0xfc; save as UTF-8"),
    (as_parquet(TABLE)[:-20], Media.PARQUET, MalformedBody, "not valid Parquet"),
    (as_parquet(TABLE)[:40], Media.PARQUET, MalformedBody, "not valid"),
    (b"PAR1", Media.PARQUET, MalformedBody, "not valid"),
    (write(TABLE, Media.ARROW)[:200], Media.ARROW, MalformedBody, "not valid"),
    (as_file(TABLE)[:-30], Media.ARROW, MalformedBody, "not valid"),
    (b"hello", Media.ARROW, MalformedBody, "said to be Arrow and looks like CSV"),
    (b"{", Media.JSON, MalformedBody, "truncated"),
    (b'{"rows": [{"x": NaN}]}', Media.JSON, MalformedBody, "byte 16"),
    (b'{"rows": [{"x": Infinity}]}', Media.JSON, MalformedBody, "byte 16"),
    (b'{"rows": [{"x": 1e999}, {"x": NaN}]}', Media.JSON, MalformedBody, "not valid JSON"),
    (b'{"rows": [{"x": 1, "x": 2}]}', Media.JSON, MalformedBody, "'x' twice"),
    (b'{"rows": [{"x\\"": 1, "x\\"": 2}]}', Media.JSON, MalformedBody, "twice"),
    (b"[" * 100_000, Media.JSON, MalformedBody, "nested"),
    (b'{"rows": [{"x": "\xff"}]}', Media.JSON, MalformedBody, "not valid JSON"),
    (b"[]", Media.JSON, InvalidTable, "no rows"),
    (b"{}", Media.JSON, InvalidTable, "either rows or columns"),
    (b'{"rows": [], "data": 1}', Media.JSON, InvalidField, "unknown keys: 'data'"),
    (b'{"rows": []}', Media.JSON, InvalidTable, "no rows"),
    (b'{"rows": 3}', Media.JSON, InvalidTable, "rows is a number"),
    (b'{"rows": [[1]]}', Media.JSON, InvalidTable, "row 0 is a list; send objects"),
    (b'{"columns": {"a": [1], "b": []}}', Media.JSON, InvalidTable, "'b' has 0 values where column 'a' has 1"),
    (b'{"columns": {"a": 1}}', Media.JSON, InvalidTable, "'a' is a number; send a list"),
    (b'{"rows": [{"x": 1}, {"x": [1]}]}', Media.JSON, InvalidTable, "row 1, column 'x': is a list"),
    (b'{"rows": [{"x": 1}, {"x": 1' + b"0" * 400 + b"}]}", Media.JSON, InvalidTable, "row 1, column 'x': is out of"),
]


@pytest.mark.parametrize(("data", "media", "error", "message"), BAD)
def test_bad_bytes(data: bytes, media: Media, error: type[InvalidRequest], message: str) -> None:
    with pytest.raises(error, match=message):
        read(data, media)


def test_broken_offsets_do_not_kill_the_process() -> None:
    data = bytearray(write(pa.table({"t": ["abc", "def"] * 50}), Media.ARROW))
    offsets = np.arange(101, dtype=np.int32) * 3
    start = bytes(data).index(offsets.tobytes())
    data[start + 8 : start + 12] = np.int32(2_000_000_000).tobytes()
    with pytest.raises(MalformedBody):
        read(bytes(data), Media.ARROW)


def test_large_whole_numbers_in_json_are_not_rounded() -> None:
    found = read(b'{"columns": {"x": [1, 100000000000000000000], "f": [0.5, 9007199254740993]}}', Media.JSON)
    assert found.to_pydict() == {"x": ["1", "100000000000000000000"], "f": ["0.5", "9007199254740993"]}


def test_fingerprint() -> None:
    parts = pa.concat_tables([TABLE.slice(0, 1), TABLE.slice(1)])
    assert fingerprint(parts) == fingerprint(TABLE)
    others: list[Any] = [
        TABLE.slice(0, 2),
        TABLE.rename_columns(["z", "t", "b"]),
        TABLE.set_column(0, "x", pa.array([1.5, 0.0, 3.0])),
        TABLE.set_column(0, "x", pa.array([1.5, None, 3.0], pa.float32())),
        TABLE.set_column(1, "t", pa.array(["aü", "", None])),
        TABLE.set_column(2, "b", pa.array([True, True, None])),
    ]
    assert len({fingerprint(table) for table in [TABLE, *others]}) == 7


def test_fingerprint_of_dates() -> None:
    days = [date(2026, 11, 1), None, date(2026, 11, 2)]
    moments = pa.array(days).cast(pa.timestamp("us"))
    assert fingerprint(pa.table({"d": days})) == fingerprint(pa.table({"d": moments}))
    assert fingerprint(pa.table({"d": days})) != fingerprint(pa.table({"d": days[::-1]}))
