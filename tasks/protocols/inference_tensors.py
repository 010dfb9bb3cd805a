"""The inputs of an inference request as tensors: shape, datatype and size fit each other."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import Any, Final

import pyarrow as pa

from tasks.errors import InvalidField, MalformedBody
from tasks.protocols.datatypes import BYTES, DATATYPES, Datatype, Values, from_bytes, from_json, to_arrow
from tasks.protocols.inference_body import BINARY_SIZE, Given, Inference
from tasks.tables.bounds import Bounds
from tasks.tables.checks import json_pointer

#: The parameter that says that a tensor lies in memory which this service does not share with anybody.
SHARED: Final = "shared_memory_region"
#: What a text takes in memory beside its bytes.
TEXT_BYTES: Final = 64


@dataclass(frozen=True, slots=True)
class Tensor:
    """Values in rows and columns; a tensor of one dimension is a column."""

    name: str
    rows: int
    columns: int
    #: Whether its shape says how many columns there are.
    is_matrix: bool
    datatype: Datatype
    #: Row after row.
    values: Values

    def column(self, number: int) -> pa.Array:
        """One of its columns."""
        return to_arrow(self.values[number :: self.columns] if self.columns > 1 else self.values, self.datatype)


def read_tensors(inference: Inference, tail: memoryview, bounds: Bounds) -> list[Tensor]:
    """The inputs, in order. `tail`: what lies behind the JSON, of which nothing may be left.

    Raises InvalidField, MalformedBody, BodyTooLarge.
    """
    if not inference.inputs:
        raise InvalidField("there are no inputs; send at least one tensor").at("/inputs")
    names = [given.name for given in inference.inputs]
    if len(set(names)) < len(names):
        place = next(place for place, name in enumerate(names) if name in names[:place])
        raise InvalidField(f"the input {names[place][:80]!r} is given twice").at(json_pointer("inputs", place, "name"))
    found = list(_read(inference.inputs, tail, bounds))
    columns = sum(tensor.columns for tensor in found)
    bounds.check(rows=found[0].rows, columns=columns)
    return found


def _read(inputs: list[Given], tail: memoryview, bounds: Bounds) -> Iterator[Tensor]:
    place = 0
    for number, given in enumerate(inputs):
        pointer = f"/inputs/{number}"
        kind, (rows, columns) = _datatype(given, pointer), _shape(given, pointer)
        bounds.check(rows=rows, columns=columns, taken=rows * columns * TEXT_BYTES if kind.name == BYTES else 0)
        size = _size(given, pointer)
        if size is None:
            values = from_json(_flat(given, pointer), kind, f"{pointer}/data")
        else:
            if place + size > len(tail):
                raise MalformedBody(
                    f"the input {given.name[:80]!r} has {size} bytes behind the JSON, where {len(tail) - place} are"
                    " left; send the whole of the body"
                ).at(f"{pointer}/parameters/{BINARY_SIZE}")
            what = f"the input {given.name[:80]!r}"
            values = from_bytes(tail[place : place + size], rows * columns, kind, what)
            place += size
        yield Tensor(given.name, rows, columns, len(given.shape) > 1, kind, values)
    if place < len(tail):
        raise MalformedBody(f"{len(tail) - place} bytes are left behind the inputs that the JSON says; leave them out")


def _datatype(given: Given, pointer: str) -> Datatype:
    found = DATATYPES.get(given.datatype)
    if found is None:
        raise InvalidField(f"there is no datatype {given.datatype[:40]!r}; there are {', '.join(DATATYPES)}").at(
            f"{pointer}/datatype"
        )
    return found


def _shape(given: Given, pointer: str) -> tuple[int, int]:
    shape = given.shape
    if not 1 <= len(shape) <= 2:
        raise InvalidField(
            f"the input {given.name[:80]!r} has {len(shape)} dimensions; send one column as [rows] or [rows, 1], all of"
            " them as [rows, columns]"
        ).at(f"{pointer}/shape")
    if min(shape) < 0:
        raise InvalidField(f"a dimension cannot be {min(shape)}; send what the data has").at(f"{pointer}/shape")
    return shape[0], shape[1] if len(shape) > 1 else 1


def _size(given: Given, pointer: str) -> int | None:
    """How many bytes behind the JSON are this tensor; None if it is in the JSON."""
    parameters = given.parameters or {}
    if any(name.startswith(SHARED) for name in parameters):
        raise InvalidField("no memory is shared with this service; send the data in the request").at(
            f"{pointer}/parameters/{SHARED}"
        )
    size = parameters.get(BINARY_SIZE)
    if size is None:
        if given.data is None:
            raise InvalidField(f"the input {given.name[:80]!r} has no data; send data, or {BINARY_SIZE}").at(pointer)
        return None
    if type(size) is not int or size < 0:
        raise InvalidField(f"{BINARY_SIZE} is how many bytes the tensor has: a whole number").at(
            f"{pointer}/parameters/{BINARY_SIZE}"
        )
    if given.data is not None:
        raise InvalidField(f"the input {given.name[:80]!r} has data and {BINARY_SIZE}; send one of them").at(pointer)
    return size


def _flat(given: Given, pointer: str) -> list[Any]:
    """The data, which comes flat, or nested just as the shape says."""
    data, shape = given.data or [], given.shape
    if data and type(data[0]) is list:
        fits = len(shape) == 2 and len(data) == shape[0]
        if not fits or any(type(row) is not list or len(row) != shape[1] for row in data):
            raise _misshaped(given, pointer, "is nested in another way than its shape says")
        data = list(chain.from_iterable(data))
    if len(data) != math.prod(shape):
        raise _misshaped(given, pointer, f"has {len(data)} values where its shape makes {math.prod(shape)}")
    return data


def _misshaped(given: Given, pointer: str, said: str) -> InvalidField:
    shape = ", ".join(map(str, given.shape))
    return InvalidField(
        f"the data of the input {given.name[:80]!r}, of shape [{shape}], {said}; send it flat, row by row, or nested"
    ).at(f"{pointer}/data")
