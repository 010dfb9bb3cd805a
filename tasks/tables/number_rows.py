"""Large JSON bodies of rows that are lists of numbers, `{"rows": [[1.5, null], ...]}`: read in pieces, by several
threads, column by column, where a decoder makes an object of each number.

A piece is checked by msgspec, which makes nothing of it, to be JSON of lists; then brackets become line breaks, and
Arrow's CSV reader makes doubles of it, rounded correctly as JSON's are. What is not such a body is None here, and is
for others to read and to find words for.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from tasks.tables.bounds import CELL_BYTES, Bounds
from tasks.tables.checks import number_fault
from tasks.tables.columns import Schema
from tasks.tables.side_by_side import each

#: Smaller bodies are read as fast by a decoder (bytes).
LEAST_BYTES: Final = 64 * 1024
#: A number takes two signs at least, itself and what follows it, and becomes a double.
MOST_A_BYTE: Final = CELL_BYTES // 2
#: A piece (bytes): large beside what each costs (28 MB by two threads on two cores: 0.29 s in pieces of 256 KiB, 0.13 s
#: in pieces of 2 MiB), of a smaller body small enough that threads end together: each thread gets so many, at least.
MOST_PIECE_BYTES: Final = 2 * 1024 * 1024
LEAST_PIECE_BYTES: Final = 128 * 1024
PIECES_A_THREAD: Final = 4
_BEGINNING: Final = re.compile(rb'\s*\{\s*"rows"\s*:\s*\[\s*\[')
_END: Final = re.compile(rb"\]\s*\]\s*\}\s*\Z")
#: What stands between two rows, as programs write it.
_BETWEEN: Final = re.compile(rb"\][ \t\r\n]{0,16},[ \t\r\n]{0,16}\[")
#: The end of a body in which its end is looked for (bytes).
_END_BYTES: Final = 256
_BLANK, _BREAK, _CLOSING = 32, 10, 93
#: A null, behind as many blanks as programs write, and as are put where there was a bracket. Arrow trims only numbers.
_NULLS: Final = [" " * blanks + "null" for blanks in range(5)]


class _Piece(NamedTuple):
    """Whole rows of a body, without the brackets around them."""

    body: memoryview
    between: bytes


def number_columns(body: bytes, schema: Schema, bounds: Bounds, *, threads: int) -> pa.Table | None:
    """The values of such a body as float64 columns, named and ordered as the schema's, NaN where one is null; None for
    a body of any other form, one with numbers that are out of range, and one of which more would be made than `bounds`
    allow. Whether values may be missing is not looked at."""
    beginning = _BEGINNING.match(body)
    end = _END.search(body, max(0, len(body) - _END_BYTES))
    if beginning is None or end is None or beginning.end() >= end.start():
        return None
    if len(body) * MOST_A_BYTE > bounds.bytes and body.count(b",") * CELL_BYTES > bounds.bytes:
        return None
    size = min(max(len(body) // (threads * PIECES_A_THREAD), LEAST_PIECE_BYTES), MOST_PIECE_BYTES)
    pieces = _pieces(body, beginning.end(), end.start(), size)
    names = [f"f{index}" for index in range(len(schema.columns))]
    found = each(lambda piece: _read(piece, names), pieces, threads=threads)
    batches = [batch for batch in found if batch is not None]
    if len(batches) < len(found):
        return None
    return pa.Table.from_batches(batches).rename_columns(schema.names)


def _pieces(body: bytes, start: int, end: int, size: int) -> Iterator[_Piece]:
    whole, first = memoryview(body), _BETWEEN.search(body, start, end)
    between = first[0] if first else b""
    while start < end:
        cut = body.find(between, start + size, end) if between else -1
        stop = cut if cut >= 0 else end
        yield _Piece(whole[start:stop], between)
        start = stop + len(between)


def _read(piece: _Piece, names: list[str]) -> pa.RecordBatch | None:
    text = bytearray(b"[[")
    text += piece.body
    text += b"]]"
    try:
        msgspec.json.decode(text, type=list[msgspec.Raw])
    except (msgspec.DecodeError, RecursionError):
        return None
    rows = _lines(np.frombuffer(text, np.uint8)[2:-2], piece.between)
    table = _doubles(text, names)
    if table is None or table.num_rows != rows:
        return None
    columns = [column.to_numpy() for column in table.itercolumns()]
    if any(number_fault(column, nullable=True) for column in columns):
        return None
    return pa.RecordBatch.from_arrays([pa.array(column) for column in columns], names=names)


def _lines(text: Any, between: bytes) -> int:
    """Break lines, in place, where one row ends and the next begins. Returns how many lines there are.

    Brackets that stand otherwise are left, and no number.
    """
    ends = np.flatnonzero(text == _CLOSING)
    ends = ends[ends + len(between) <= len(text)]
    for place, sign in enumerate(between[1:], 1):
        ends = ends[text[ends + place] == sign]
    for place in range(len(between)):
        text[ends + place] = _BLANK
    text[ends] = _BREAK
    return len(ends) + 1


def _doubles(text: bytearray, names: list[str]) -> pa.Table | None:
    from pyarrow import csv

    buffer = pa.py_buffer(text).slice(2, len(text) - 4)
    try:
        return csv.read_csv(
            pa.BufferReader(buffer),
            read_options=csv.ReadOptions(column_names=names, use_threads=False, block_size=len(text)),
            parse_options=csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.float64()), null_values=_NULLS, strings_can_be_null=True
            ),
        )
    except pa.ArrowInvalid:
        return None
