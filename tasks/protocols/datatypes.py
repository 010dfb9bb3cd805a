"""The datatypes of tensors of the Open Inference Protocol: their bytes, and what stands for them in JSON."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField, MalformedBody
from tasks.tables.checks import kind_of

Values = npt.NDArray[Any] | list[Any]

#: Texts, or any bytes: each with its length before it.
BYTES: Final = "BYTES"
#: How many bytes the length of an element of BYTES takes, little-endian.
LENGTH_BYTES: Final = 4
#: The upper half of FP32.
BF16: Final = "BF16"
_NONE: Final[type] = type(None)
_NUMBERS: Final = frozenset[type]({int, float, _NONE})


class Datatype(NamedTuple):
    """One datatype."""

    name: str
    #: As numpy has its bytes, little-endian; None for BYTES.
    layout: np.dtype[Any] | None
    #: The types that its values have in JSON; null is a missing value.
    kinds: frozenset[type]
    #: What belongs into it, in words.
    belongs: str


def _datatype(name: str, layout: str | None, kinds: frozenset[type], belongs: str) -> Datatype:
    return Datatype(name, np.dtype(layout) if layout else None, kinds, belongs)


#: All of them, by name.
DATATYPES: Final = {
    found.name: found
    for found in (
        _datatype("BOOL", "?", frozenset[type]({bool, _NONE}), "true or false"),
        *(
            _datatype(f"{sign}INT{8 * size}", f"<{letter}{size}", frozenset[type]({int, _NONE}), "a whole number")
            for sign, letter in (("U", "u"), ("", "i"))
            for size in (1, 2, 4, 8)
        ),
        *(_datatype(f"FP{8 * size}", f"<f{size}", _NUMBERS, "a number") for size in (2, 4, 8)),
        _datatype(BF16, "<u2", _NUMBERS, "a number"),
        _datatype(BYTES, None, frozenset[type]({str, _NONE}), "text"),
    )
}


def from_json(data: list[Any], kind: Datatype, pointer: str) -> Values:
    """Flat values out of JSON: an array, or a list where one is missing and of texts.

    Raises InvalidField for a value of another type, or out of the datatype's range.
    """
    found = set(map(type, data))
    if not found <= kind.kinds:
        place = next(place for place, value in enumerate(data) if type(value) not in kind.kinds)
        raise InvalidField(f"value {place} is {kind_of(data[place])} where {kind.belongs} belongs ({kind.name})").at(
            pointer
        )
    if kind.layout is None or _NONE in found:
        return data
    try:
        return np.array(data, dtype=np.float64 if kind.name == BF16 else kind.layout)
    except OverflowError:
        limits = np.iinfo(kind.layout)
        place = next(place for place, value in enumerate(data) if not limits.min <= value <= limits.max)
        raise InvalidField(
            f"value {place} is out of the range of {kind.name}, which goes from {limits.min} to {limits.max}"
        ).at(pointer) from None


def from_bytes(raw: memoryview, count: int, kind: Datatype, what: str) -> Values:
    """So many flat values out of the bytes of a tensor: an array, or a list of texts.

    Raises MalformedBody where the bytes are not those of so many values.
    """
    if kind.layout is None:
        return _texts(raw, count, what)
    size = count * kind.layout.itemsize
    if len(raw) != size:
        raise MalformedBody(f"{what} has {len(raw)} bytes where its shape and its datatype ({kind.name}) make {size}")
    values = np.frombuffer(raw, dtype=kind.layout)
    if kind.name == "BOOL" and (np.frombuffer(raw, dtype=np.uint8) > 1).any():
        raise MalformedBody(f"{what} has a byte that is neither 0 nor 1, which are false and true")
    return (values.astype(np.uint32) << 16).view(np.float32) if kind.name == BF16 else values


def to_arrow(values: Values, kind: Datatype) -> pa.Array:
    """Flat values as Arrow has them: NaN is a missing number, and so is None."""
    if isinstance(values, np.ndarray):
        return pa.array(np.ascontiguousarray(values))
    if kind.layout is None:
        return pa.array(values, pa.string())
    if kind.name == "BOOL":
        return pa.array(values, pa.bool_())
    if kind.kinds is _NUMBERS:
        return pa.array(values, pa.float64())
    return pa.array(values, pa.from_numpy_dtype(kind.layout))


def _texts(raw: memoryview, count: int, what: str) -> list[str]:
    found: list[str] = []
    place, end = 0, len(raw)
    for index in range(count):
        start = place + LENGTH_BYTES
        place = start + int.from_bytes(raw[start - LENGTH_BYTES : start], "little")
        if place > end or start > end:
            raise MalformedBody(f"{what} ends within its element {index} of {count}; send the whole of it")
        try:
            found.append(str(raw[start:place], "utf-8"))
        except UnicodeDecodeError:
            raise MalformedBody(f"element {index} of {what} is not UTF-8, as texts are") from None
    if place != end:
        raise MalformedBody(f"{what} has {end - place} bytes behind the {count} elements that its shape says")
    return found
