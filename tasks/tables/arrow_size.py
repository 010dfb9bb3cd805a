"""What an Arrow IPC body claims to hold, told from its metadata before any of it is decoded.

Source: Arrow's format, Schema.fbs, Message.fbs and File.fbs; the numbers of fields are those of the tables there.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pyarrow as pa

from tasks.tables.bounds import CELL_BYTES, Bounds
from tasks.tables.flat import Table, read, root, structs

#: What a body in the file format begins and ends with.
MAGIC: Final = b"ARROW1"
#: Kinds of message.
_SCHEMA, _DICTIONARY, _BATCH = 1, 2, 3
#: A type of Arrow that has a text: the zone of a timestamp.
_TIMESTAMP: Final = 10
#: To read metadata takes no more than their length squared times this: Arrow reads a table in them 8 times at most, and
#: its texts, which may all be one, have no more than that length.
SHARING: Final = 8
#: Columns inside of columns are read so deep by Arrow.
MOST_NESTED: Final = 64
#: A compressed buffer begins with its length when it is unpacked, or with this if it is not compressed.
_AS_IT_IS: Final = -1
_LENGTH_BYTES: Final = 8
#: What newer messages begin with, before the length of their metadata.
_CONTINUATION: Final = 0xFFFFFFFF
#: How a stream ends: with a message of no metadata; older writers write only its length.
_ENDS: Final = (b"\xff\xff\xff\xff\x00\x00\x00\x00", b"\x00\x00\x00\x00")


class Claims:
    """Adds up what the parts of one body claim, and raises BodyTooLarge as soon as that is too much."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._rows = self._columns = self._cells = self._bytes = 0

    def message(self, metadata: memoryview, body: memoryview) -> None:
        """One message. Raises ValueError for metadata that cannot be read."""
        message = root(metadata)
        kind, header = message.number(1, "B"), message.table(2)
        self._texts(message, 4)
        if header is None:
            return
        if kind == _SCHEMA:
            self.schema(header)
        elif kind == _BATCH:
            self._rows += _natural(header.number(0))
            self._bounds.check_rows(self._rows)
            self._batch(header, body)
        elif kind == _DICTIONARY and (batch := header.table(1)) is not None:
            self._batch(batch, body)

    def schema(self, schema: Table) -> None:
        """The columns, and what is written beside them."""
        if SHARING * len(schema.data) ** 2 <= self._bounds.bytes:
            flat = schema.tables(1)
            if not any(column.vector(5)[1] for column in flat):
                self._columns += len(flat)
                self._bounds.check_columns(self._columns)
                return
        self._texts(schema, 2)
        self._fields(schema, 1, depth=0)

    def _fields(self, parent: Table, field: int, *, depth: int) -> None:
        self._columns += parent.vector(field)[1]
        self._bounds.check_columns(self._columns)
        if depth > MOST_NESTED:
            raise ValueError("the body is nested too deeply to be a table")
        for child in parent.tables(field):
            self._add(child.vector(0)[1])
            kind = child.table(3)
            if kind is not None and child.number(2, "B") == _TIMESTAMP:
                self._add(kind.vector(1)[1])
            self._texts(child, 6)
            self._fields(child, 5, depth=depth + 1)

    def _texts(self, table: Table, field: int) -> None:
        """Texts are told by where they are: many may be one."""
        for pair in table.tables(field):
            self._add(pair.vector(0)[1] + pair.vector(1)[1])

    def _batch(self, batch: Table, body: memoryview) -> None:
        start, count = batch.vector(1)
        for length, _ in structs(batch.data, "2q", start, count):
            self._cells += _natural(length)
        self._bounds.check_bytes(self._cells * CELL_BYTES)
        compressed = batch.table(3) is not None
        start, count = batch.vector(2)
        size = 0
        for offset, length in structs(batch.data, "2q", start, count):
            if compressed and length > _LENGTH_BYTES:
                unpacked = read(body, "q", offset)[0]
                length = length if unpacked == _AS_IT_IS else _natural(unpacked)
            size += _natural(length)
        self._add(size)

    def _add(self, size: int) -> None:
        self._bytes += size
        self._bounds.check_bytes(self._bytes)


def check_size(data: bytes, bounds: Bounds) -> int:
    """Raise BodyTooLarge for a stream or file that claims to hold more than `bounds` allow. Returns how many bytes its
    messages have, without the end marker of a stream.

    Raises ValueError, or an error of Arrow, for one that cannot be read.
    """
    claims = Claims(bounds)
    if data.startswith(MAGIC):
        _check_file(memoryview(data), claims)
        return len(data)
    source = pa.BufferReader(data)
    end = 0
    for message in pa.ipc.MessageReader.open_stream(source):
        claims.message(_view(message.metadata), _view(message.body))
        end = int(source.tell())
    return end


def check_end(rest: bytes) -> None:
    """Raise ValueError unless the end marker is what is left of a stream behind its messages: a reader does without
    one, and ignores what follows it."""
    marker = next((marker for marker in _ENDS if rest.startswith(marker)), None)
    if marker is None:
        raise ValueError("it is cut off: its end marker is missing")
    if len(rest) > len(marker):
        raise ValueError(f"{len(rest) - len(marker):,} bytes come after its end marker")


def _check_file(data: memoryview, claims: Claims) -> None:
    tail = len(data) - len(MAGIC) - 4
    size = read(data, "i", tail)[0]
    if not 0 < size <= tail:
        raise ValueError("it is cut off")
    footer = root(data[tail - size : tail])
    schema = footer.table(1)
    if schema is not None:
        claims.schema(schema)
    for offset, length, body in (*_blocks(footer, 2), *_blocks(footer, 3)):
        head = 8 if read(data, "I", offset)[0] == _CONTINUATION else 4
        start = offset + length
        claims.message(data[offset + head : start], data[start : start + body])


def _blocks(footer: Table, field: int) -> Iterator[tuple[int, int, int]]:
    """(offset, bytes of metadata, bytes of the body) of each message of a kind."""
    start, count = footer.vector(field)
    for offset, length, _, body in structs(footer.data, "qiiq", start, count):
        yield _natural(offset), _natural(length), _natural(body)


def _natural(number: int) -> int:
    if number < 0:
        raise ValueError("it counts below 0")
    return number


def _view(buffer: Any) -> memoryview:
    return memoryview(buffer) if buffer is not None else memoryview(b"")
