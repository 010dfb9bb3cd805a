"""Reads FlatBuffers, in which Arrow says what its bytes are, without making objects.

Source: https://flatbuffers.dev/internals/.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

#: A table's position is relative to where that is written; so is that of its vtable, whose first entries are its own
#: size and that of the table (bytes).
_OFFSET_BYTES: Final = 4
_VTABLE_HEAD: Final = 4
#: Said of bytes that are none.
OUTSIDE: Final = "its metadata point outside of it"


@dataclass(frozen=True, slots=True)
class Table:
    """One table at a position in the bytes. Fields are told by their number; one that is not there is None or 0."""

    data: memoryview
    position: int

    def number(self, field: int, kind: str = "q") -> int:
        """A number; `kind` as in `struct`."""
        place = self._place(field)
        return int(read(self.data, kind, place)[0]) if place else 0

    def table(self, field: int) -> Table | None:
        """A table."""
        place = self._place(field)
        return Table(self.data, place + read(self.data, "I", place)[0]) if place else None

    def vector(self, field: int) -> tuple[int, int]:
        """(position of the first element, how many there are) of a vector or of a text."""
        place = self._place(field)
        if not place:
            return 0, 0
        start = place + read(self.data, "I", place)[0]
        return start + _OFFSET_BYTES, read(self.data, "I", start)[0]

    def tables(self, field: int) -> list[Table]:
        """The tables of a vector, of which there are not more than its bytes have room for."""
        start, count = self.vector(field)
        places = structs(self.data, "I", start, count)
        return [Table(self.data, start + i * _OFFSET_BYTES + offset) for i, (offset,) in enumerate(places)]

    def _place(self, field: int) -> int:
        vtable = self.position - read(self.data, "i", self.position)[0]
        entry = _VTABLE_HEAD + 2 * field
        if entry >= read(self.data, "H", vtable)[0]:
            return 0
        offset = read(self.data, "H", vtable + entry)[0]
        return self.position + offset if offset else 0


def root(data: memoryview) -> Table:
    """The table that these bytes are. Raises ValueError where they are none, here and in its methods."""
    return Table(data, read(data, "I", 0)[0])


def read(data: memoryview, kind: str, position: int) -> tuple[Any, ...]:
    """Numbers at a position, the lowest byte first. Raises ValueError if they are not all inside."""
    try:
        # A negative position would be counted from the end.
        return struct.unpack_from(f"<{kind}", data, position if position >= 0 else len(data))
    except struct.error:
        raise ValueError(OUTSIDE) from None


def structs(data: memoryview, kind: str, position: int, count: int) -> Iterator[tuple[Any, ...]]:
    """So many structs of such numbers, one after the other. Raises ValueError if they are not all inside."""
    end = position + count * struct.calcsize(f"<{kind}")
    if not 0 <= position <= end <= len(data):
        raise ValueError(OUTSIDE)
    return struct.iter_unpack(f"<{kind}", data[position:end])
