"""Tables as bytes, for results and for storage. What comes from outside is read by `tasks/tables/reading/`."""

from __future__ import annotations

import hashlib
import io
from typing import Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.contract import Media
from tasks.errors import NotAcceptable
from tasks.tables.schema import kind_of, plain
from tasks.tables.side_by_side import WIDE_COLUMNS

#: Snapshots may live in Redis, so size counts: 24 MB of numbers with 2 decimals become 8.5 MB in 55 ms; with lz4
#: 12.6 MB in 35 ms.
IPC_COMPRESSION: Final = "zstd"
#: A wide table with fewer bytes in a column is compressed as a whole: column by column 20,000 of 80 rows take 0.57 s
#: and 13.0 MB, as a whole 0.08 s and 4.7 MB.
WIDE_BYTES: Final = 4096
_ZSTD: Final = b"\x28\xb5\x2f\xfd"


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
    if table.num_columns > WIDE_COLUMNS and table.nbytes < WIDE_BYTES * table.num_columns:
        return bytes(pa.Codec(IPC_COMPRESSION).compress(_stream(table, compression=None)))
    return _stream(table, compression=IPC_COMPRESSION)


def from_ipc(data: bytes) -> pa.Table:
    """The table in bytes that `to_ipc` wrote. Not for bytes from outside."""
    stream = pa.CompressedInputStream(pa.BufferReader(data), IPC_COMPRESSION) if data[:4] == _ZSTD else data
    return pa.ipc.open_stream(stream).read_all()


def fingerprint(table: pa.Table) -> str:
    """SHA-256 in hex over names, types and content; the same however the table is cut into chunks or coded."""
    digest = hashlib.sha256()
    for field, column in zip(table.schema, table.itercolumns(), strict=True):
        values = plain(column)
        digest.update(f"{field.name!r}:{values.type}:{len(values)};".encode())
        digest.update(_nulls(values))
        digest.update(_content(values))
    return digest.hexdigest()


def _stream(table: pa.Table, *, compression: str | None) -> bytes:
    sink = pa.BufferOutputStream()
    options = pa.ipc.IpcWriteOptions(compression=compression)
    with pa.ipc.new_stream(sink, table.schema, options=options) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


def _nulls(values: pa.ChunkedArray) -> bytes:
    """A bit for each value, 1 where it is null."""
    if not values.null_count:
        return bytes(-(-len(values) // 8))
    return np.packbits(np.asarray(values.is_null().to_numpy(), dtype=bool)).tobytes()


def _content(values: pa.ChunkedArray) -> bytes:
    kind = kind_of(values)
    if kind == "null":
        return b""
    if kind == "number":
        array = np.asarray((pc.fill_null(values, 0) if values.null_count else values).to_numpy())
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
