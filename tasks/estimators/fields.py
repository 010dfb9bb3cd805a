"""The fields of a class by which an estimator names its params or options: checked by value, described for forms."""

from __future__ import annotations

import dataclasses
import inspect
import re
from collections.abc import Mapping
from typing import Any, Final, Literal, get_type_hints

import msgspec

from tasks.errors import InvalidField, InvalidParams, SettingsError
from tasks.tables.checks import json_pointer, listed
from tasks.tables.planning.options import OPTIONS, check_options, named

#: What a class of fields describes.
What = Literal["params", "options"]
_ERRORS: Final = {"params": InvalidParams, "options": InvalidField}
#: A line of a docstring that says what a field is: its name, a colon, the sentence.
_HELP: Final = re.compile(r"^(\s*)`{0,2}(\w+)`{0,2}\s*:\s+(\S.*)$")
#: Where msgspec says in which part of a value it found something.
_PLACE: Final = re.compile(r" - at `\$(.*)`$")


def check_class(cls: Any, what: What) -> None:
    """Raises SettingsError for what is no class of fields that JSON can fill, and for options of the service."""
    if not isinstance(cls, type) or not (issubclass(cls, msgspec.Struct) or dataclasses.is_dataclass(cls)):
        raise SettingsError(f"its {what.capitalize()} must be a msgspec.Struct or a dataclass, not {cls!r}")
    try:
        schema_of(cls)
        taken = set(names_of(cls)) & {*OPTIONS, "csv"} if what == "options" else set()
    except (TypeError, NameError) as error:
        raise SettingsError(f"its {what.capitalize()} cannot come from JSON: {error}") from error
    if taken:
        raise SettingsError(f"its Options names what the service reads itself: {', '.join(sorted(taken))}")


def names_of(cls: type[Any]) -> tuple[str, ...]:
    """The names of its fields, as JSON has them."""
    return tuple(field.encode_name for field in _fields(cls))


def read(cls: type[Any], given: Mapping[str, Any], what: What) -> Any:
    """An instance, with defaults for what is not given.

    Raises InvalidParams (of options InvalidField), which names every field at fault: those that there are not, those
    that are missing, and values of a wrong type or out of bounds.
    """
    known, hints = {field.encode_name: field for field in _fields(cls)}, get_type_hints(cls, include_extras=True)
    refused = _ERRORS[what]
    if unknown := [name for name in given if name not in known]:
        allowed = f"known are {listed(tuple(known), most=len(known))}" if known else "there are none"
        raise refused(f"unknown {what}: {named(unknown, tuple(known))}; {allowed}").at(json_pointer(what, unknown[0]))
    faults = {}
    for name, field in known.items():
        if name in given:
            if fault := _fault(given[name], hints[field.name]):
                faults[name] = fault
        elif field.required:
            faults[name] = "is missing"
    if faults:
        said = "; ".join(f"{name} {fault}" for name, fault in faults.items())
        raise refused(f"{what} cannot be used: {said}").at(json_pointer(what, next(iter(faults))))
    try:
        return msgspec.convert(dict(given), cls)
    except msgspec.ValidationError as error:
        # What the class itself says of its fields together.
        raise refused(f"{what} cannot be used: {error}").at(f"/{what}") from error


def own(cls: type[Any] | None, options: Mapping[str, Any]) -> dict[str, Any]:
    """Those of an init's options that such a class names, with its defaults. Raises InvalidField, also for options that
    neither it nor the service knows."""
    names = names_of(cls) if cls is not None else ()
    check_options(options, (*OPTIONS, *names))
    if cls is None:
        return {}
    return written(read(cls, {name: value for name, value in options.items() if name in names}, "options"))


def with_defaults(cls: type[Any] | None, params: Mapping[str, Any]) -> dict[str, Any]:
    """Params that such a class takes, with its defaults; without a class nothing is known of them."""
    return {} if cls is None else written(read(cls, params, "params"))


def written(instance: Any) -> dict[str, Any]:
    """All fields of an instance, defaults too, as JSON has them."""
    found: dict[str, Any] = msgspec.to_builtins(instance)
    cls = type(instance)
    # A struct may leave out defaults when it is written.
    for field in _fields(cls):
        found.setdefault(field.encode_name, msgspec.to_builtins(getattr(instance, field.name)))
    return found


def schema_of(cls: type[Any], *, others: bool = False) -> dict[str, Any]:
    """Its JSON schema: each field with type, default, bounds and help. `others`: fields that it does not name are
    taken, too.

    The help of a field is its `msgspec.Meta(description=...)`, or a line `name: what it is` of the class's docstring.
    """
    (reference,), parts = msgspec.json.schema_components([cls], ref_template="#/$defs/{name}")
    root: dict[str, Any] = parts.pop(reference["$ref"].rpartition("/")[2])
    told = inspect.cleandoc(cls.__doc__ or "")
    # What a dataclass writes of itself is no sentence.
    told = "" if told.startswith(f"{cls.__name__}(") else told
    root["description"] = told
    root["additionalProperties"] = others
    helps = _helps(told)
    for name, field in root.get("properties", {}).items():
        if name in helps:
            field.setdefault("description", helps[name])
    return {**root, "$defs": parts} if parts else root


def _fields(cls: type[Any]) -> tuple[msgspec.inspect.Field, ...]:
    found = msgspec.inspect.type_info(cls)
    assert isinstance(found, msgspec.inspect.StructType | msgspec.inspect.DataclassType)
    return found.fields


def _fault(value: Any, hint: Any) -> str:
    """What is wrong with a value; empty if nothing is."""
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        reason = str(error)
        place = _PLACE.search(reason)
        where = f"at {place[1].lstrip('.')} " if place else ""
        return f"{where}is wrong: {_PLACE.sub('', reason).replace('`', '')}"
    return ""


def _helps(told: str) -> dict[str, str]:
    """What a docstring says of fields, by their names; lines that are further in go on with the one before."""
    found: dict[str, str] = {}
    name, depth = "", 0
    for line in told.splitlines():
        if match := _HELP.match(line):
            name, depth = match[2], len(match[1])
            found[name] = match[3]
        elif name and line.strip() and len(line) - len(line.lstrip()) > depth:
            found[name] += f" {line.strip()}"
        else:
            name = ""
    return found
