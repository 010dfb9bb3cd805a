"""Reads JSON bodies; of one that cannot be read: what is wrong, where, and what to send instead."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final, TypeVar, get_args

import msgspec

from tasks.errors import InvalidField, MalformedBody
from tasks.tables.signs import BOM

Parsed = TypeVar("Parsed", bound=msgspec.Struct)

#: The numbers that many writers put into JSON and that are none.
_CONSTANTS: Final = (b"NaN", b"Infinity")
_BYTE: Final = re.compile(r"\(byte (\d+)\)")
_EXPECTED: Final = re.compile(r"Expected `(.+?)`, got `(.+?)`")
_UNKNOWN: Final = re.compile(r"Object contains unknown field `(.+)`", re.DOTALL)
_FIELD: Final = re.compile(r"[^.\[\]`]+")
_WORDS: Final = {
    "object": "an object",
    "array": "a list",
    "str": "text",
    "int": "a number",
    "float": "a number",
    "bool": "true or false",
}


def parse(body: bytes, kind: type[Parsed]) -> Parsed:
    """A JSON body as the given struct; an empty one is `{}`. Raises MalformedBody, InvalidField."""
    try:
        return msgspec.json.decode(body or b"{}", type=kind)
    except msgspec.ValidationError as error:
        raise misfit(error, kind) from error
    except RecursionError:
        raise MalformedBody("the body is nested too deeply; send a flat object") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(body, error) from error


def not_json(data: bytes, error: Exception) -> MalformedBody:
    """The error for bytes that a JSON decoder refused with `error`."""
    return MalformedBody(f"the body is not valid JSON: {_reason(data, error)}")


def misfit(error: msgspec.ValidationError, kind: type[msgspec.Struct], *, under: tuple[str, ...] = ()) -> InvalidField:
    """The error for a JSON object whose fields are other than its struct wants; `under`: the fields that lead to it."""
    from tasks.tables.checks import json_pointer  # Brings numpy, which most processes can do without.

    reason, _, path = str(error).partition(" - at `$")
    # An ellipsis stands for a key that the decoder does not tell.
    told, _, beyond = path.partition("[...]")
    fields = [*under, *_FIELD.findall(told)]
    subject = ".".join([*fields, *(["*"] if "[...]" in path else []), *_FIELD.findall(beyond)])
    if unknown := _UNKNOWN.fullmatch(reason):
        name, known = unknown[1], _struct_at(kind, _FIELD.findall(path)).__struct_encode_fields__
        place = f" of {subject}" if subject else ""
        pointed = fields if "[...]" in path else [*fields, name]
        return InvalidField(f"unknown field {name[:80]!r}{place}; known are {', '.join(known)}").at(
            json_pointer(*pointed)
        )
    if kinds := _EXPECTED.fullmatch(reason):
        reason = f"must be {_kinds(kinds[1])}, not {_kinds(kinds[2])}"
    else:
        reason = f"cannot be read: {reason[:1].lower()}{reason[1:]}"
    return InvalidField(f"{subject or 'the body'} {reason}").at(json_pointer(*fields))


def _struct_at(kind: type[msgspec.Struct], path: list[str]) -> type[msgspec.Struct]:
    """The struct that a path of fields leads to, through lists and mappings too."""
    for field in path:
        named = [info.type for info in msgspec.structs.fields(kind) if info.encode_name == field]
        kind = next((one for one in _parts(named) if isinstance(one, type) and issubclass(one, msgspec.Struct)), kind)
    return kind


def _parts(kinds: Iterable[Any]) -> Iterator[Any]:
    """Types, and the types that they are made of."""
    for kind in kinds:
        yield kind
        yield from _parts(get_args(kind))


def _reason(data: bytes, error: Exception) -> str:
    if data.startswith(BOM):
        return "it begins with a byte order mark; save as UTF-8 without one"
    if isinstance(error, UnicodeDecodeError):
        return f"it is not UTF-8{_place(data)}; save as UTF-8"
    reason = str(error).removeprefix("JSON is malformed: ")
    if found := _BYTE.search(reason):
        rest = data[int(found[1]) :]
        name = next((name.decode() for name in _CONSTANTS if rest.startswith(name)), None)
        if name:
            return f"{name} (byte {found[1]}) is no JSON number; write null for a missing value"
    if reason == "Input data was truncated":
        reason = "it is empty or truncated"
    return f"{reason}; send JSON, or say with Content-Type what it is"


def _place(data: bytes) -> str:
    """Where the first byte is that is not UTF-8. The decoder counts from the start of one text."""
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return f": byte {error.start} (counted from 0) is 0x{data[error.start]:02x}"
    return ""


def _kinds(names: str) -> str:
    return " or ".join(dict.fromkeys(_WORDS.get(name, name) for name in names.split(" | ")))
