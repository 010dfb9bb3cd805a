"""What a Parquet body claims to hold, told from its footer and the heads of its pages before any of it is decoded.

Source: parquet.thrift of Apache Parquet; the numbers of fields are those of the structs there.
"""

from __future__ import annotations

import base64
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from tasks.tables import arrow_size
from tasks.tables.bounds import CELL_BYTES, Bounds
from tasks.tables.compact import I32, I64, LIST, STRUCT, Compact

#: What a file ends with, after the length of its footer (bytes).
MAGIC: Final = b"PAR1"
_LENGTH_BYTES: Final = 4
#: Under which name Arrow writes its own schema beside Parquet's.
_ARROW_SCHEMA: Final = b"ARROW:schema"
#: What a reader allocates for a byte of the footer, roughly: a column of a row group is written in 60 bytes.
FOOTER_COST: Final = 16
#: A footer of so few bytes is read at once: no more columns and no deeper ones than a reader can stand fit into it.
SMALL_FOOTER: Final = 16 * 1024
#: A byte of a page unpacks to no more than so many. In a file of few bytes the heads of pages need not be read, unless
#: a row may have any number of values.
MOST_PACKED: Final = {"UNCOMPRESSED": 1, "SNAPPY": 64, "LZ4": 256, "GZIP": 1100, "ZSTD": 65536}
#: Columns inside of columns are read so deep.
MOST_NESTED: Final = 64


def check_size(data: bytes, bounds: Bounds) -> parquet.FileMetaData:
    """The footer. Raises BodyTooLarge for a file that claims to hold more than `bounds` allow, ValueError or an
    error of Arrow for one that cannot be read."""
    view = memoryview(data)
    _check_footer(view, bounds)
    metadata = parquet.read_metadata(pa.BufferReader(data))
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    rows = max(metadata.num_rows, sum(group.num_rows for group in groups))
    bounds.check(rows=rows, columns=metadata.num_columns)
    said = (metadata.metadata or {}).get(_ARROW_SCHEMA, b"")
    if len(said) ** 2 * arrow_size.SHARING > bounds.bytes:
        # What a stream of Arrow begins with.
        arrow_size.check_size(base64.b64decode(said), bounds)
    schema, taken = metadata.schema, 0
    columns = [schema.column(index) for index in range(len(schema))]
    flat = not any(column.max_repetition_level for column in columns)
    for group in groups:
        for index, column in enumerate(columns):
            chunk, width = group.column(index), max(column.length or 0, CELL_BYTES)
            if not (flat and MOST_PACKED.get(chunk.compression, bounds.bytes) * len(data) <= bounds.bytes):
                taken += _chunk_size(view, chunk, width=width)
            elif width > CELL_BYTES:
                taken += chunk.num_values * width
            bounds.check_bytes(taken)
    return metadata


def texts_written_once(metadata: parquet.FileMetaData) -> list[str]:
    """The columns of texts of which a page holds each once, and other pages which row has which."""
    groups = [metadata.row_group(index) for index in range(metadata.num_row_groups)]
    chunks = [group.column(index) for group in groups for index in range(group.num_columns)]
    return sorted(
        {
            chunk.path_in_schema
            for chunk in chunks
            if chunk.physical_type == "BYTE_ARRAY" and any("DICTIONARY" in name for name in chunk.encodings)
        }
    )


def _check_footer(data: memoryview, bounds: Bounds) -> None:
    """The shape of the schema, which a reader follows into its depth."""
    tail = len(data) - len(MAGIC) - _LENGTH_BYTES
    if tail < 0 or bytes(data[-len(MAGIC) :]) != MAGIC:
        raise ValueError("it is cut off, or something else")
    size = int.from_bytes(data[tail : tail + _LENGTH_BYTES], "little")
    if size > tail:
        raise ValueError("it is cut off")
    bounds.check_bytes(size * FOOTER_COST)
    if size <= SMALL_FOOTER:
        return
    footer = Compact(data[tail - size : tail])
    for number, kind in footer.fields():
        if (number, kind) == (2, LIST):
            _check_schema(footer, bounds)
        else:
            footer.skip(kind)


def _check_schema(footer: Compact, bounds: Bounds) -> None:
    count, kind = footer.items()
    bounds.check_columns(count - 1)
    # How many children each of the columns around this one has yet to come.
    left: list[int] = []
    for _ in range(count):
        while left and not left[-1]:
            left.pop()
        if left:
            left[-1] -= 1
        children = 0
        for number, inner in footer.fields() if kind == STRUCT else ():
            if (number, inner) == (5, I32):
                children = footer.integer()
            else:
                footer.skip(inner)
        if children > 0:
            left.append(children)
        if len(left) > MOST_NESTED:
            raise ValueError("the body is nested too deeply to be a table")


def _chunk_size(data: memoryview, chunk: Any, *, width: int) -> int:
    """The bytes of one column of a row group when it is unpacked; `width`: those of each value, where all have as
    many."""
    start, dictionary = chunk.data_page_offset, chunk.dictionary_page_offset
    if dictionary and 0 < dictionary < start:
        start = dictionary
    end = start + chunk.total_compressed_size
    if not 0 <= start <= end <= len(data):
        raise ValueError("its footer points outside of it")
    page = Compact(data[:end], start)
    unpacked = values = 0
    while page.position < end and values < chunk.num_values:
        size, packed, held = _page(page)
        unpacked, values = unpacked + size, values + held
        page.position += packed
    return max(unpacked, max(values, int(chunk.num_values)) * width)


def _page(page: Compact) -> tuple[int, int, int]:
    """(bytes when it is unpacked, bytes in the file, values) of the page whose head is read."""
    unpacked = packed = values = 0
    for number, kind in page.fields():
        if (number, kind) == (2, I32):
            unpacked = page.integer()
        elif (number, kind) == (3, I32):
            packed = page.integer()
        elif number in (5, 8) and kind == STRUCT:
            for inner, of in page.fields():
                if inner == 1 and of in (I32, I64):
                    values = page.integer()
                else:
                    page.skip(of)
        else:
            page.skip(kind)
    if min(unpacked, packed, values) < 0:
        raise ValueError("it counts below 0")
    return unpacked, packed, values
