"""How large the table in a CSV is, counted before its values are read."""

from __future__ import annotations

import csv as lines
import io
from typing import Any, Final

import pyarrow as pa
from pyarrow import csv

from tasks.tables.bounds import CELL_BYTES, ENDLESS, Bounds

#: Bytes that are parsed at a time where rows are counted.
BLOCK_BYTES: Final = 8 * 1024 * 1024


def check_size(data: bytes, bounds: Bounds, *, delimiter: str = ",") -> None:
    """Raise BodyTooLarge for a table larger than `bounds` allow. A small body is not looked at."""
    # Of a large body that number would say nothing, and takes long.
    columns = data.count(delimiter.encode()) + 1 if len(data) < BLOCK_BYTES else ENDLESS
    if columns > bounds.columns or len(data) * columns * CELL_BYTES > bounds.bytes:
        columns = _columns(data, delimiter)
        bounds.check_columns(columns)
    # No more than so many.
    rows = data.count(b"\n") + data.count(b"\r")
    if rows > bounds.rows or rows * columns * CELL_BYTES > bounds.bytes:
        rows = _rows(data, delimiter)
    bounds.check(rows=rows, columns=columns, taken=len(data))


def _columns(data: bytes, delimiter: str) -> int:
    text = io.TextIOWrapper(io.BytesIO(data), "utf-8", errors="replace", newline="")
    try:
        return next((len(fields) for fields in lines.reader(text, delimiter=delimiter) if fields), 1)
    except lines.Error as error:
        raise ValueError(f"the header of the CSV cannot be read: {error}; give each column a short name") from None


def _rows(data: bytes, delimiter: str) -> int:
    """The rows below the header, as the parser finds them: nothing but the first field of each is read."""
    reader = csv.open_csv(
        io.BytesIO(data),
        read_options=csv.ReadOptions(block_size=BLOCK_BYTES, use_threads=False, autogenerate_column_names=True),
        parse_options=csv.ParseOptions(delimiter=delimiter, newlines_in_values=b'"' in data, invalid_row_handler=_skip),
        convert_options=csv.ConvertOptions(include_columns=["f0"], column_types={"f0": pa.binary()}),
    )
    return sum(int(batch.num_rows) for batch in reader) - 1


def _skip(_row: Any) -> str:
    return "skip"
