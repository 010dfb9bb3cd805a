"""Bounds of rows, columns and decoded bytes: kept in every format, told from headers."""

from __future__ import annotations

import io
import json
import random
from typing import Any, Final

import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.contract import Media
from tasks.errors import BodyTooLarge, MalformedBody
from tasks.tables import arrow_size, json_size, parquet_size
from tasks.tables.bounds import CELL_BYTES, Bounds
from tasks.tables.reading.bodies import read_table
from tasks.tables.scanning import count_outside_texts
from tasks.tables.signs import BACKSLASH, QUOTE

ROWS: Final = 60
TABLE: Final = pa.table(
    {
        "a": pa.array([row + 0.5 for row in range(ROWS)]),
        "b": pa.array([f"text {row % 7}, and [more]" for row in range(ROWS)]),
        "c": pa.array([row % 2 == 0 for row in range(ROWS)]),
        "d": pa.array(["x", "y"] * (ROWS // 2)).dictionary_encode(),
        "e": pa.array([1] * ROWS, pa.timestamp("s", "Europe/Berlin")),
    }
)
COLUMNS: Final = TABLE.num_columns


def arrow(table: pa.Table, *, file: bool = False, chunk: int = 25, **options: Any) -> bytes:
    sink = pa.BufferOutputStream()
    make = pa.ipc.new_file if file else pa.ipc.new_stream
    with make(sink, table.schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        writer.write_table(table, max_chunksize=chunk)
    return bytes(memoryview(sink.getvalue()))


def as_parquet(table: pa.Table, **options: Any) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink, **options)
    return sink.getvalue()


def as_csv(table: pa.Table) -> bytes:
    text = [",".join(table.column_names)]
    text += [",".join(json.dumps(str(value)) for value in row.values()) for row in table.to_pylist()]
    return "\n".join(text).encode()


PLAIN: Final = TABLE.drop_columns(["e"])
BODIES: Final = {
    "stream": (Media.ARROW, arrow(TABLE)),
    "compressed stream": (Media.ARROW, arrow(TABLE, compression="zstd")),
    "old stream": (Media.ARROW, arrow(TABLE, use_legacy_format=True)),
    "file": (Media.ARROW, arrow(TABLE, file=True)),
    "compressed file": (Media.ARROW, arrow(TABLE, file=True, compression="lz4")),
    "Parquet": (Media.PARQUET, as_parquet(TABLE)),
    "Parquet in groups": (Media.PARQUET, as_parquet(TABLE, row_group_size=10, compression="zstd")),
    "newer Parquet": (Media.PARQUET, as_parquet(TABLE, data_page_version="2.0", use_dictionary=False)),
    "CSV": (Media.CSV, as_csv(TABLE)),
    "JSON rows": (Media.JSON, json.dumps({"rows": [{**row, "e": 1} for row in PLAIN.to_pylist()]}).encode()),
    "JSON columns": (Media.JSON, json.dumps({"columns": {**PLAIN.to_pydict(), "e": [1] * ROWS}}).encode()),
}


@pytest.mark.parametrize(("media", "body"), BODIES.values(), ids=BODIES.keys())
def test_a_body_at_its_bounds_is_read_as_without(media: Media, body: bytes) -> None:
    read = read_table(body, media, bounds=Bounds(rows=ROWS, columns=COLUMNS, bytes=100_000))
    assert (read.num_rows, read.num_columns) == (ROWS, COLUMNS)
    assert read.equals(read_table(body, media))
    if media is not Media.JSON and media is not Media.CSV:
        assert read.to_pylist() == TABLE.to_pylist()


@pytest.mark.parametrize(("media", "body"), BODIES.values(), ids=BODIES.keys())
@pytest.mark.parametrize(
    ("bounds", "words"),
    [
        (Bounds(rows=ROWS - 1), rf"{ROWS} rows, more than the {ROWS - 1} .*MLSERVICE_MAX_ROWS"),
        (Bounds(columns=COLUMNS - 1), rf"{COLUMNS} columns, more than the {COLUMNS - 1} .*MLSERVICE_MAX_COLUMNS"),
        (Bounds(bytes=ROWS * COLUMNS * CELL_BYTES - 1), r"bytes when .* more than the 2,399 .*MLSERVICE_MAX_DECODED"),
    ],
    ids=["rows", "columns", "bytes"],
)
def test_a_body_over_a_bound_is_refused(media: Media, body: bytes, bounds: Bounds, words: str) -> None:
    with pytest.raises(BodyTooLarge, match=words):
        read_table(body, media, bounds=bounds)


@pytest.mark.parametrize("file", [False, True])
def test_rows_without_bytes_count(file: bool) -> None:
    body = arrow(pa.table({"a": pa.nulls(5000), "b": pa.nulls(5000)}), file=file, chunk=5000)
    assert read_table(body, Media.ARROW, bounds=Bounds(rows=5000, bytes=80_000)).num_rows == 5000
    with pytest.raises(BodyTooLarge, match="80,000 bytes"):
        read_table(body, Media.ARROW, bounds=Bounds(bytes=79_999))


LONG: Final = "long " * 200


def seen_often(text: str, count: int) -> pa.Array:
    """A column of views of one text."""
    _, view, data = pa.array([text]).cast(pa.string_view()).buffers()
    return pa.Array.from_buffers(pa.string_view(), count, [None, pa.py_buffer(view.to_pybytes() * count), data])


#: One text of 1,000 bytes in 500 rows, that is written once.
ONCE: Final = {
    "a dictionary in Arrow": (Media.ARROW, arrow(pa.table({"a": pa.array([LONG] * 500).dictionary_encode()}))),
    "a view in Arrow": (
        Media.ARROW,
        arrow(pa.table({"a": seen_often(LONG, 500)}), chunk=500),
    ),
    "Parquet": (Media.PARQUET, as_parquet(pa.table({"a": pa.array([LONG] * 500)}))),
    "a dictionary in Parquet": (
        Media.PARQUET,
        as_parquet(pa.table({"a": pa.array([LONG] * 500).dictionary_encode()})),
    ),
}


@pytest.mark.parametrize(("media", "body"), ONCE.values(), ids=ONCE.keys())
def test_a_text_that_is_written_once_counts_in_each_row(media: Media, body: bytes) -> None:
    assert len(body) < 50_000
    assert read_table(body, media, bounds=Bounds(bytes=510_000)).num_rows == 500
    with pytest.raises(BodyTooLarge, match="MLSERVICE_MAX_DECODED_BYTES"):
        read_table(body, media, bounds=Bounds(bytes=500_000))


@pytest.mark.parametrize("codec", ["zstd", "gzip", "snappy"])
def test_what_pages_unpack_to_counts(codec: str) -> None:
    table = pa.table({"a": pa.array(range(2000))})
    body = as_parquet(table, compression=codec, use_dictionary=False)
    assert read_table(body, Media.PARQUET, bounds=Bounds(bytes=17_000)).equals(table)
    with pytest.raises(BodyTooLarge, match="MLSERVICE_MAX_DECODED_BYTES"):
        read_table(body, Media.PARQUET, bounds=Bounds(bytes=15_999))


def nested(depth: int) -> pa.Table:
    array = pa.array([1])
    for _ in range(depth):
        array = pa.StructArray.from_arrays([array], names=["a" * 300])
    return pa.table({"a": array})


def test_deep_columns_are_refused() -> None:
    read_table(as_parquet(nested(20)), Media.PARQUET)
    with pytest.raises(MalformedBody, match="nested too deeply"):
        read_table(as_parquet(nested(80)), Media.PARQUET)
    with pytest.raises(BodyTooLarge, match="6 columns"):
        read_table(arrow(nested(20)), Media.ARROW, bounds=Bounds(columns=5))


@pytest.mark.parametrize("kind", [Media.ARROW, Media.PARQUET])
def test_headers_that_were_changed_do_no_harm(kind: Media) -> None:
    """Metadata may point anywhere."""
    whole = arrow(TABLE, file=True) if kind is Media.ARROW else as_parquet(TABLE)
    check = arrow_size.check_size if kind is Media.ARROW else parquet_size.check_size
    chosen = random.Random(7)
    refused = 0
    for _ in range(300):
        body = bytearray(whole)
        for _ in range(3):
            body[chosen.randrange(len(body))] = chosen.randrange(256)
        try:
            check(bytes(body), Bounds(rows=ROWS, columns=9, bytes=10_000))
        except (BodyTooLarge, ValueError, OSError):
            refused += 1
    assert refused > 20


def test_csv_counts_rows_as_they_are_read() -> None:
    lines = b"a,b\n" + b'"one\n\ntwo\n",2\r\n' * 10
    assert read_table(lines, Media.CSV, bounds=Bounds(rows=10, columns=2, bytes=200)).num_rows == 10
    with pytest.raises(BodyTooLarge, match="10 rows"):
        read_table(lines, Media.CSV, bounds=Bounds(rows=9))
    # A mark within a field quotes nothing.
    with pytest.raises(BodyTooLarge, match="3 columns"):
        read_table(b'a"b,c,d\n1,2,3\n', Media.CSV, bounds=Bounds(columns=2))
    with pytest.raises(BodyTooLarge, match="2 rows"):
        read_table(b'a,c\n1",2\n3,4\n', Media.CSV, bounds=Bounds(rows=1))


def test_json_counts_no_punctuation_in_texts() -> None:
    body = json.dumps({"columns": {"a": [',{["\\' * 300] * 3}}).encode()
    size = json_size._size(body, count_outside_texts(body, [ord(sign) for sign in json_size.COSTS]))
    assert read_table(body, Media.JSON, bounds=Bounds(bytes=size)).num_rows == 3
    with pytest.raises(BodyTooLarge, match=f"{size:,} bytes"):
        read_table(body, Media.JSON, bounds=Bounds(bytes=size - 1))


def test_texts_are_told_as_by_a_slow_reader() -> None:
    chosen = random.Random(3)
    for _ in range(300):
        body = bytes(chosen.choice(b'"\\,[{a') for _ in range(chosen.randrange(1, 40)))
        counts = count_outside_texts(body, [QUOTE, ord(","), ord("[")], part_bytes=chosen.randrange(1, 9))
        assert counts == slowly(body), body


def slowly(body: bytes) -> list[int]:
    counts, inside, odd = [0, 0, 0], False, False
    for byte in body:
        if byte == QUOTE and not odd:
            counts[0] += 1
            inside = not inside
        elif not inside and byte in b",[":
            counts[b",[".index(byte) + 1] += 1
        odd = byte == BACKSLASH and not odd
    return counts


@pytest.mark.parametrize(
    "cell", ["0.5", '"t"', "[]", "{}", '{"k": 0.5}', '{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', "[[0.5, 2.5]]"]
)
def test_what_json_takes_is_not_more_than_what_is_told(cell: str) -> None:
    """Measured with the objects of the decoder, which are counted where they are many."""
    import tracemalloc

    count = 20_000
    body = ("[" + ",".join([cell.replace('"t"', f'"t{row}"') for row in range(count)]) + "]").encode()
    tracemalloc.start()
    found = json.loads(body)
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert len(found) == count
    assert taken <= json_size._size(body, count_outside_texts(body, [ord(sign) for sign in json_size.COSTS]))
