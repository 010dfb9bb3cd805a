"""Tables to and from bytes: JSON, CSV, Parquet and Arrow."""

from __future__ import annotations

import hashlib
import io
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.contract import Media
from tasks.errors import BodyTooLarge, InvalidRequest, MalformedBody, NotAcceptable
from tasks.tables import arrow_size, csv_size, parquet_size
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.columns import Schema
from tasks.tables.expanded import check_expanded
from tasks.tables.records import table_of
from tasks.tables.schema import kind_of, plain

#: How a missing value is written in CSV, beside an empty field. Between quotes, these are text.
CSV_MISSING: Final = ("", "NA", "N/A", "NaN", "nan", "null", "NULL")
#: Columns whose CSV fields are text, whatever they look like.
TEXTUAL: Final = ("category", "text")
#: Bytes that the CSV reader takes at a time; no line may be longer.
CSV_BLOCK_BYTES: Final = 8 * 1024 * 1024
#: Snapshots may live in Redis, so size counts: 24 MB of numbers with 2 decimals become 8.5 MB in 55 ms; with lz4
#: 12.6 MB in 35 ms.
IPC_COMPRESSION: Final = "zstd"


def read(data: bytes, media: Media, schema: Schema | None = None, *, bounds: Bounds = UNBOUNDED) -> pa.Table:
    """The table in a body.

    With a schema, CSV fields of its categories stay text (`007`), whatever they look like. Raises BodyTooLarge past
    `bounds`, before the memory is used; MalformedBody if the bytes are not what `media` promises, InvalidTable if rows
    or types are uneven.
    """
    if not data:
        raise MalformedBody("the body is empty; send a table")
    if media is Media.JSON:
        return table_of(data, bounds)
    try:
        if media is Media.PARQUET:
            return _read_parquet(data, bounds)
        return _read_arrow(data, bounds) if media is Media.ARROW else _read_csv(data, schema, bounds)
    except (InvalidRequest, BodyTooLarge, MemoryError):
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise MalformedBody(
            f"the body is not valid {media.value}: {reason.rstrip('.')}; send the whole of it, with the Content-Type"
            " that it has"
        ) from error


def write(table: pa.Table, media: Media) -> bytes:
    """The table as CSV with a header line, or as an Arrow IPC stream. Raises NotAcceptable for other types."""
    if media is Media.ARROW:
        return _stream(table, compression=None)
    if media is not Media.CSV:
        raise NotAcceptable(f"a table is not written as {media.value}; ask for {Media.CSV} or {Media.ARROW}")
    from pyarrow import csv

    sink = io.BytesIO()
    csv.write_csv(table, sink)
    return sink.getvalue()


def to_ipc(table: pa.Table) -> bytes:
    """The table as a compressed Arrow IPC stream, for storage."""
    return _stream(table, compression=IPC_COMPRESSION)


def from_ipc(data: bytes) -> pa.Table:
    """The table in bytes that `to_ipc` wrote. Not for bytes from outside: those go through `read`."""
    return pa.ipc.open_stream(data).read_all()


def fingerprint(table: pa.Table) -> str:
    """SHA-256 in hex over names, types and content; the same however the table is cut into chunks or coded."""
    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.itercolumns(), strict=True):
        values = plain(column)
        digest.update(f"{field.name!r}:{values.type}:{len(values)};".encode())
        digest.update(np.packbits(np.asarray(values.is_null().to_numpy(), dtype=bool)).tobytes())
        digest.update(_content(values))
    return digest.hexdigest()


def _stream(table: pa.Table, *, compression: str | None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


def _read_arrow(data: bytes, bounds: Bounds) -> pa.Table:
    arrow_size.check_size(data, bounds)
    file = data.startswith(arrow_size.MAGIC)
    table = (pa.ipc.open_file(data) if file else pa.ipc.open_stream(data)).read_all()
    # Offsets in bytes from outside may point anywhere; a reader that trusts them kills the worker.
    table.validate(full=True)
    check_expanded(table, bounds)
    return table


def _read_parquet(data: bytes, bounds: Bounds) -> pa.Table:
    from pyarrow import parquet

    metadata = parquet_size.check_size(data, bounds)
    file = parquet.ParquetFile(pa.BufferReader(data), metadata=metadata)
    schema = file.schema_arrow
    # Few texts may be meant by very many rows; how long they are together is known when it is known which they are.
    if names := parquet_size.texts_written_once(metadata):
        file = parquet.ParquetFile(pa.BufferReader(data), metadata=metadata, read_dictionary=names)
    groups = []
    for index in range(metadata.num_row_groups):
        groups.append(file.read_row_group(index))
        groups[-1].validate(full=True)
        check_expanded(groups[-1], bounds)
    table = pa.concat_tables(groups) if groups else file.read()
    check_expanded(table, bounds)
    columns = [_undone(column, field.type) for column, field in zip(table.columns, schema, strict=True)]
    return pa.Table.from_arrays(columns, names=schema.names).replace_schema_metadata(schema.metadata)


def _undone(column: pa.ChunkedArray, kind: pa.DataType) -> pa.ChunkedArray:
    """The column without a dictionary that it had for its reading alone."""
    if pa.types.is_dictionary(column.type) and not pa.types.is_dictionary(kind):
        return column.cast(column.type.value_type)
    return column


def _read_csv(data: bytes, schema: Schema | None, bounds: Bounds) -> pa.Table:
    from pyarrow import csv

    try:
        data.decode()
    except UnicodeDecodeError as error:
        raise MalformedBody(
            f"the CSV is not UTF-8: byte {error.start} (counted from 0) is 0x{data[error.start]:02x}; save as UTF-8"
        ) from None
    csv_size.check_size(data, bounds)
    columns = schema.columns if schema else []
    options = csv.ConvertOptions(
        null_values=CSV_MISSING,
        strings_can_be_null=True,
        quoted_strings_can_be_null=False,
        column_types={column.name: pa.string() for column in columns if column.type in TEXTUAL},
    )
    uneven: list[Any] = []

    def note(row: Any) -> str:
        # The first is told of; each may be a line of many.
        if not uneven:
            uneven.append(row)
        return "skip"

    def parse(*, threads: bool) -> pa.Table:
        return csv.read_csv(
            io.BytesIO(data),
            read_options=csv.ReadOptions(block_size=CSV_BLOCK_BYTES, use_threads=threads),
            parse_options=csv.ParseOptions(newlines_in_values=b'"' in data, invalid_row_handler=note),
            convert_options=options,
        )

    table = parse(threads=True)
    if uneven:
        # Only a reader of one thread knows the line's number.
        uneven.clear()
        parse(threads=False)
        row = uneven[0]
        raise MalformedBody(
            f"line {row.number} of the CSV has {row.actual_columns} fields where {row.expected_columns} are expected;"
            " give every line as many fields as the header"
        )
    return table


def _content(values: pa.ChunkedArray) -> bytes:
    kind = kind_of(values)
    if kind == "null":
        return b""
    if kind == "number":
        array = np.asarray(pc.fill_null(values, 0).to_numpy())
        return np.ascontiguousarray(array).tobytes()
    if kind == "boolean":
        return np.packbits(np.asarray(pc.fill_null(values, False).to_numpy(), dtype=bool)).tobytes()
    if kind == "category":
        filled = pc.fill_null(values, "")
        lengths = np.asarray(pc.binary_length(filled).to_numpy(), dtype=np.int64)
        return lengths.tobytes() + b"".join(map(_letters, filled.chunks))
    if kind == "date":
        return np.ascontiguousarray(values.cast(pa.int64()).fill_null(0).to_numpy()).tobytes()
    return repr(values.to_pylist()).encode()


def _letters(texts: pa.StringArray) -> bytes:
    """The bytes of all texts, one after the other; as Python's texts they would take ten times as much."""
    if not len(texts):
        return b""
    _, offsets, data = texts.buffers()
    ends = np.frombuffer(offsets, np.int32)[texts.offset : texts.offset + len(texts) + 1]
    return bytes(memoryview(data)[ends[0] : ends[-1]]) if data is not None else b""
