"""What most inference requests are, read fast: one row of numbers that training knew, in one tensor of all features.

It is decoded as the types have it that a schema makes; whatever is otherwise is left to who looks closer.
"""

from __future__ import annotations

import struct
from typing import Annotated, Any, Final, Literal

import msgspec
import numpy as np

from tasks.protocols.inference_body import Inference, Parameters
from tasks.tables.checks import LARGEST
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.values import bounds as known_bounds
from tasks.tables.rows import Rows

#: How many quotation marks a request has that gives each key once and no `id`; those of an `id`; of a binary one, and
#: of one that says how the outputs are to come.
QUOTES: Final = 14
ID_QUOTES: Final = 4
BINARY_QUOTES: Final = 16
OUTPUT_QUOTES: Final = 4
#: Significant digits of a decimal number that FP32 always keeps.
DIGITS: Final = 6
#: Below this size, neighbours in FP32 are less than a millionth apart: at most one number of six decimals is each of
#: them, and that one is the shortest.
NEAR: Final = 16.0
PLACES: Final = 1_000_000
#: Added to a double and taken away again, it leaves a whole number, the nearest.
WHOLE: Final = 1.5 * 2**52
#: Bodies up to which this is tried (bytes).
LONGEST: Final = 65_536

_numbers = msgspec.json.Decoder(tuple[float, ...]).decode


class _Size(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    binary_data_size: int


class _Outputs(msgspec.Struct, forbid_unknown_fields=True, gc=False):
    binary_data_output: bool


class QuickReader:
    """Reads such requests for one schema, whose features are all numbers."""

    def __init__(self, schema: Schema) -> None:
        width = len(schema.columns)
        row: Any = tuple[tuple(map(_number, schema.columns))]  # type: ignore[misc]
        shape: Any = tuple[Literal[1], Literal[width]]  # type: ignore[valid-type]
        common: list[Any] = [("name", str), ("shape", shape)]
        datatype: Any = ("datatype", Literal["FP64", "FP32"])
        in_json = _body("Json", [*common, datatype, ("data", row)], more=[])
        binary = [*common, datatype, ("parameters", _Size)]
        self._json = msgspec.json.Decoder(in_json).decode
        self._binary = msgspec.json.Decoder(
            _body("Binary", binary, more=[("parameters", _Outputs | None, None)])
        ).decode
        # Of a struct, msgspec remembers what it has made of its types.
        self._row = msgspec.defstruct("Row", [("row", row)], gc=False)
        self._single, self._double = struct.Struct(f"<{width}f"), struct.Struct(f"<{width}d")
        self._digits = "[" + ",".join([f"%.{DIGITS}g"] * width) + "]"

    def read(self, body: bytes, size: int | None) -> tuple[Rows, Inference] | None:
        """The row, and what else is said; None for any other request."""
        if len(body) > LONGEST:
            return None
        try:
            return self._in_json(body) if size is None else self._behind(body, size)
        except (msgspec.MsgspecError, ValueError, OverflowError, RecursionError):
            return None

    def _in_json(self, body: bytes) -> tuple[Rows, Inference] | None:
        found = self._json(body)
        if body.count(b'"') != (QUOTES if found.id is None else QUOTES + ID_QUOTES):
            return None
        given = found.inputs[0]
        row = given.data if given.datatype == "FP64" else self._checked(self._decimals(self._single.pack(*given.data)))
        return Rows(rows=[row]), Inference([], id=found.id)

    def _behind(self, body: bytes, size: int) -> tuple[Rows, Inference] | None:
        head, raw = body[:size], body[size:]
        found = self._binary(head)
        quotes = BINARY_QUOTES + (ID_QUOTES if found.id is not None else 0)
        parameters: Parameters = None
        if found.parameters is not None:
            quotes += OUTPUT_QUOTES
            parameters = {"binary_data_output": found.parameters.binary_data_output}
        given = found.inputs[0]
        if head.count(b'"') != quotes or given.parameters.binary_data_size != len(raw):
            return None
        layout = self._double if given.datatype == "FP64" else self._single
        if len(raw) != layout.size:
            return None
        row = self._checked(layout.unpack(raw) if layout is self._double else self._decimals(raw))
        return Rows(rows=[row]), Inference([], id=found.id, parameters=parameters)

    def _checked(self, numbers: tuple[float, ...]) -> tuple[float, ...]:
        """The numbers. Raises ValidationError for one that training did not know."""
        found: Any = msgspec.convert({"row": numbers}, self._row)
        row: tuple[float, ...] = found.row
        return row

    def _decimals(self, raw: bytes) -> tuple[float, ...]:
        """The decimal numbers that writers print of these bytes of FP32. Few digits, which most data has, are found
        faster than by who prints any."""
        numbers = self._single.unpack(raw)
        if min(numbers) > -NEAR and max(numbers) < NEAR:
            # Exact: 24 bits of a number and 14 of a million fit into those of a double.
            found = tuple([(number * PLACES + WHOLE - WHOLE) / PLACES for number in numbers])
            if self._single.pack(*found) == raw:
                return found
        found = _numbers(self._digits % numbers)
        kept = self._single.unpack(self._single.pack(*found))
        if kept == numbers:
            return found
        return tuple(map(_printed, found, kept, numbers))


def _printed(short: float, kept: float, number: float) -> float:
    return short if kept == number else float(str(np.float32(number)))


def _number(column: Column) -> Any:
    least, most = known_bounds(column) or (-LARGEST, LARGEST)
    return Annotated[float, msgspec.Meta(ge=max(least, -LARGEST), le=min(most, LARGEST))]


def _body(name: str, fields: list[Any], *, more: list[Any]) -> Any:
    tensor = msgspec.defstruct(f"{name}Tensor", fields, forbid_unknown_fields=True, gc=False)
    every: list[Any] = [("inputs", tuple[tensor]), ("id", str | None, None), *more]  # type: ignore[valid-type]
    return msgspec.defstruct(f"{name}Body", every, forbid_unknown_fields=True, gc=False)
