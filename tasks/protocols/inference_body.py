"""The body of an inference request (Open Inference Protocol, v2): JSON, and behind it the bytes of binary tensors.

https://github.com/kserve/open-inference-protocol, with the extension for binary tensors that Triton describes.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField, MalformedBody
from tasks.tables.bounds import Bounds
from tasks.tables.json_size import check_size
from tasks.tables.malformed import misfit, not_json

#: How a client says how many of the body's first bytes are JSON.
HEADER: Final = "Inference-Header-Content-Length"
#: The parameter of a tensor that says how many bytes behind the JSON are its own.
BINARY_SIZE: Final = "binary_data_size"
#: Keys of which the decoder would take the last without a word, if one is given twice.
_KEYS: Final = (b'"name"', b'"shape"', b'"datatype"', b'"data"')
_BODY_KEYS: Final = (b'"inputs"', b'"outputs"')

Parameters = dict[str, Any] | None


class Given(msgspec.Struct, frozen=True):
    """A tensor as the request says it."""

    name: str
    shape: list[int]
    datatype: str
    parameters: Parameters = None
    data: list[Any] | None = None


class Wanted(msgspec.Struct, frozen=True):
    """An output that is asked for."""

    name: str
    parameters: Parameters = None


class Inference(msgspec.Struct, frozen=True):
    """A request. Members and parameters that nobody knows mean nothing."""

    inputs: list[Given]
    id: str | None = None
    outputs: list[Wanted] | None = None
    parameters: Parameters = None

    @property
    def is_binary(self) -> bool:
        """Whether an input lies behind the JSON."""
        return any(given.parameters and BINARY_SIZE in given.parameters for given in self.inputs)


_decode = msgspec.json.Decoder(Inference).decode


def read_inference(body: bytes, size: int | None, bounds: Bounds) -> tuple[Inference, memoryview]:
    """The request, and the bytes behind its JSON. `size`: how many bytes of JSON there are, if the client says so.

    A size that some request before this one had, as clients send it, means nothing where no input lies behind the
    JSON. Raises BodyTooLarge, MalformedBody, InvalidField.
    """
    refused: MalformedBody | None = None
    if size is not None and size <= len(body):
        try:
            return _read(body[:size], bounds), memoryview(body)[size:]
        except MalformedBody as error:
            refused = error
    try:
        found = _read(body, bounds)
    except MalformedBody as error:
        raise refused or _told(body, size, error) from None
    if found.is_binary:
        raise MalformedBody(
            f"inputs lie behind the JSON, and {HEADER} "
            + ("is not given" if size is None else f"is {size}, and the JSON has {len(body)} bytes")
        )
    return found, memoryview(b"")


def _told(body: bytes, size: int | None, error: MalformedBody) -> MalformedBody:
    """The error, with the header that may be the reason."""
    if size is not None:
        return MalformedBody(f"{HEADER} is {size}, and the body has {len(body)} bytes; send the whole of it")
    if BINARY_SIZE.encode() in body:
        return MalformedBody(f"{error}; with binary tensors, {HEADER} says how many bytes of JSON come before them")
    return error


def _read(data: bytes, bounds: Bounds) -> Inference:
    check_size(data, bounds)
    try:
        found = _decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _read_slowly(data)
    most = len(found.inputs) + len(found.outputs or ())
    if any(data.count(key) > most for key in _KEYS) or any(data.count(key) > 1 for key in _BODY_KEYS):
        return _read_slowly(data)
    return found


def _read_slowly(data: bytes) -> Inference:
    """As `_decode`, but with the numbers that JSON has not, which clients write (NaN, Infinity), and with words for
    whatever is wrong."""
    try:
        return msgspec.convert(json.loads(data, object_pairs_hook=_once), Inference)
    except msgspec.ValidationError as error:
        raise misfit(error, Inference) from error
    except RecursionError:
        raise MalformedBody("the body is nested too deeply; data is flat, or nested as its shape says") from None
    except (ValueError, UnicodeDecodeError) as error:
        raise _not_json(data, error) from error


def _not_json(data: bytes, error: Exception) -> MalformedBody:
    try:
        msgspec.json.decode(data)
    except (msgspec.DecodeError, UnicodeDecodeError) as said:
        return not_json(data, said)
    return not_json(data, error)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidField(f"{twice[:80]!r} is given twice in one object; give it once")
    return found
