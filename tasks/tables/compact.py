"""Reads Thrift's compact protocol, in which Parquet says what its bytes are, without making objects.

Source: the specification of Apache Thrift, doc/specs/thrift-compact-protocol.md.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

#: Types of values.
TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
_UUID: Final = 13
#: Sizes of those that have always the same (bytes).
_SIZES: Final = {BYTE: 1, DOUBLE: 8, _UUID: 16}
#: A longer number is none (bits).
_LONGEST: Final = 64
#: Structs inside of structs are read so deep.
_DEEPEST: Final = 32


class Compact:
    """Reads forward from `position`. Raises ValueError where the bytes end too early or mean nothing."""

    def __init__(self, data: memoryview, position: int = 0) -> None:
        self._data = data
        self.position = position

    def fields(self) -> Iterator[tuple[int, int]]:
        """(number, type) of each field of a struct. Whoever asks reads or skips its value before the next one."""
        number = 0
        while head := self._byte():
            step, kind = head >> 4, head & 15
            number = number + step if step else self.integer()
            yield number, kind

    def integer(self) -> int:
        """A whole number of any size."""
        coded = self._varint()
        return (coded >> 1) ^ -(coded & 1)

    def items(self) -> tuple[int, int]:
        """(how many, of which type): the head of a list."""
        head = self._byte()
        return self._varint() if head >> 4 == 15 else head >> 4, head & 15

    def skip(self, kind: int, *, depth: int = 0, alone: bool = True) -> None:
        """Pass over a value; `alone`: it is a field, in which a truth is told by the type."""
        if depth > _DEEPEST:
            raise ValueError("its metadata are nested too deeply")
        if kind in (TRUE, FALSE):
            self._move(0 if alone else 1)
        elif kind in (I16, I32, I64):
            self._varint()
        elif kind in _SIZES:
            self._move(_SIZES[kind])
        elif kind == BINARY:
            self._move(self._varint())
        elif kind in (LIST, SET):
            count, inner = self.items()
            for _ in range(count):
                self.skip(inner, depth=depth + 1, alone=False)
        elif kind == MAP:
            self._skip_map(depth)
        elif kind == STRUCT:
            for _, inner in self.fields():
                self.skip(inner, depth=depth + 1)
        else:
            raise ValueError("its metadata hold what is no value")

    def _skip_map(self, depth: int) -> None:
        count = self._varint()
        kinds = self._byte() if count else 0
        for _ in range(count):
            self.skip(kinds >> 4, depth=depth + 1, alone=False)
            self.skip(kinds & 15, depth=depth + 1, alone=False)

    def _varint(self) -> int:
        found = shift = 0
        while shift < _LONGEST:
            byte = self._byte()
            found |= (byte & 127) << shift
            if byte < 128:
                return found
            shift += 7
        raise ValueError("its metadata hold what is no number")

    def _byte(self) -> int:
        self._move(1)
        return self._data[self.position - 1]

    def _move(self, count: int) -> None:
        self.position += count
        if self.position > len(self._data):
            raise ValueError("it is cut off")
