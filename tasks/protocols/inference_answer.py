"""The answer to an inference request: JSON, and behind it the bytes of the outputs that are to be binary."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from tasks.contract import Coding, Media
from tasks.errors import InvalidField
from tasks.protocols.datatypes import DATATYPES, LENGTH_BYTES
from tasks.protocols.inference_body import BINARY_SIZE, Inference, Parameters
from tasks.protocols.inference_tensors import SHARED
from tasks.protocols.names import CODED, JSON_SIZE
from tasks.tables.checks import json_pointer, listed

#: The output that comes where none is named, and nothing beside predictions is asked for.
PREDICTION: Final = "prediction"
#: What a request or an output may say of how the output is to come.
BINARY_DATA: Final = "binary_data"
BINARY_OUTPUTS: Final = "binary_data_output"
#: A parameter of outputs in an extension that is not offered.
CLASSIFICATION: Final = "classification"
#: How hard results are compressed: they are made while others wait.
LEVEL: Final = 1

# Read once: an enumeration takes longer to give a value than a small answer to be joined.
_JSON: Final = Media.JSON.value
_SIZED: Final = f"{Media.BYTES.value};{JSON_SIZE}="
_NONE_BINARY: Final[Mapping[str, bool]] = {"": False}
_encode = msgspec.json.Encoder().encode


class Output(NamedTuple):
    """A column of results: one value for each row, None where there is none."""

    name: str
    datatype: str
    values: list[Any]


def wanted_outputs(inference: Inference, known: Sequence[str]) -> list[str]:
    """The outputs that are asked for, all if none is named. Raises InvalidField for one that does not exist, or is
    asked for in a way that is not offered."""
    names = [wanted.name for wanted in inference.outputs or ()]
    for place, wanted in enumerate(inference.outputs or ()):
        pointer = json_pointer("outputs", place)
        if wanted.name not in known:
            raise InvalidField(f"there is no output {wanted.name[:80]!r}; there are {listed(known)}").at(
                f"{pointer}/name"
            )
        if wanted.name in names[:place]:
            raise InvalidField(f"the output {wanted.name[:80]!r} is asked for twice").at(f"{pointer}/name")
        parameters = wanted.parameters or {}
        if any(name.startswith(SHARED) for name in parameters):
            raise InvalidField("no memory is shared with this service; take the data from the answer").at(pointer)
        if CLASSIFICATION in parameters:
            raise InvalidField("classification is not offered; ask for the outputs of the classes").at(pointer)
    return names or list(known)


def column_output(name: str, column: pa.ChunkedArray) -> Output:
    """A column of a table of results."""
    kind = column.type
    if pa.types.is_boolean(kind):
        return Output(name, "BOOL", column.to_pylist())
    if pa.types.is_integer(kind) or (pa.types.is_floating(kind) and not pa.types.is_float16(kind)):
        return Output(name, _numeric(kind), column.to_pylist())
    return Output(name, "BYTES", column.cast(pa.string()).to_pylist())


def _numeric(kind: pa.DataType) -> str:
    name = {"f": "FP", "i": "INT", "u": "UINT"}[np.dtype(kind.to_pandas_dtype()).kind]
    return f"{name}{kind.bit_width}"


def write_answer(
    inference: Inference, outputs: Sequence[Output], *, model: str, version: int, coding: Coding | None = None
) -> tuple[str, bytes]:
    """(media type, body) of the answer with these outputs. The media type says with `json-header-size` how much of the
    body is JSON if that is not all of it, and how it is compressed if it is."""
    binary = _binary(inference)
    parts: list[bytes] = []
    shown = [_shown(output, parts, is_binary=binary.get(output.name, binary[""])) for output in outputs]
    document: dict[str, Any] = {"model_name": model, "model_version": str(version)}
    if inference.id is not None:
        document["id"] = inference.id
    body = _encode({**document, "outputs": shown})
    media = _JSON
    if parts:
        media = f"{_SIZED}{len(body)}"
        body = b"".join((body, *parts))
    if coding is None:
        return media, body
    packed = gzip.compress(body, LEVEL, mtime=0) if coding is Coding.GZIP else zlib.compress(body, LEVEL)
    return f"{media};{CODED}={coding.value}", packed


def _binary(inference: Inference) -> Mapping[str, bool]:
    """Whether each output is to be binary; by an empty name, those of which nothing is said."""
    if not inference.parameters and not inference.outputs:
        return _NONE_BINARY
    found = {"": _flag(inference.parameters, BINARY_OUTPUTS, "/parameters", default=False)}
    for place, wanted in enumerate(inference.outputs or ()):
        pointer = json_pointer("outputs", place, "parameters")
        found[wanted.name] = _flag(wanted.parameters, BINARY_DATA, pointer, default=found[""])
    return found


def _flag(parameters: Parameters, name: str, pointer: str, *, default: bool) -> bool:
    value = (parameters or {}).get(name, default)
    if not isinstance(value, bool):
        raise InvalidField(f"{name} must be true or false").at(f"{pointer}/{name}")
    return value


def _shown(output: Output, parts: list[bytes], *, is_binary: bool) -> dict[str, Any]:
    """What the JSON says of an output; its bytes go to `parts` if it is binary. One with a missing value, for which no
    bytes stand, stays in the JSON."""
    said = {"name": output.name, "datatype": output.datatype, "shape": [len(output.values)]}
    if not is_binary or None in output.values:
        return {**said, "data": output.values}
    raw = _raw(output)
    parts.append(raw)
    return {**said, "parameters": {BINARY_SIZE: len(raw)}}


def _raw(output: Output) -> bytes:
    layout = DATATYPES[output.datatype].layout
    if layout is not None:
        return np.array(output.values, dtype=layout).tobytes()
    texts = [value.encode() for value in output.values]
    return b"".join(part for text in texts for part in (len(text).to_bytes(LENGTH_BYTES, "little"), text))
