"""What a model of elsewhere comes to, whatever form it came in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from tasks.errors import InvalidField
from tasks.estimators.lightgbm_portable import FORMAT, Header, joined
from tasks.exchange.lightgbm_text import columns, describe
from tasks.registry.records import ImportKind, Version
from tasks.tables.checks import listed
from tasks.tables.columns import ClassType, Column, ColumnType, Schema

#: The types of columns that a model of LightGBM alone can have.
_TYPES: frozenset[ColumnType] = frozenset({"number", "boolean", "category"})
#: What classes are, by the type of all of them.
_CLASS_TYPES: Mapping[type, ClassType] = {str: "string", bool: "boolean", int: "integer", float: "float"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Brought:
    """A model that came from elsewhere."""

    kind: ImportKind
    estimator: str
    schema: Schema
    #: As the estimator dumps it.
    artefact: bytes
    #: What is known of the version that it was in a service of this kind.
    version: Version | None = None
    #: What it says of itself, in words.
    told: dict[str, str] = field(default_factory=dict)
    #: Rows that came with it, which it must be able to answer.
    examples: list[dict[str, Any]] = field(default_factory=list)


class SaidColumn(msgspec.Struct, frozen=True, kw_only=True):
    """What a schema says of a column; what it leaves out the model says."""

    name: str
    type: ColumnType | None = None
    categories: list[str] = []
    nullable: bool = True
    typical: float | None = None
    min: float | None = None
    max: float | None = None


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody says of a model beside what its text says."""

    target: str = "target"
    #: Without them, the model's own names count.
    columns: list[SaidColumn] = []
    #: The classes in the order of their codes; without them, the codes from 0 on.
    classes: list[str | int | float | bool] = []


def read_said(data: bytes) -> Said:
    """What a schema file says. Raises InvalidField, also for names that it does not know: what a typing error takes
    away would be taken from the model, without a word."""
    try:
        document = msgspec.json.decode(data)
        said = msgspec.convert(document, Said)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise InvalidField(f"the schema cannot be read: {error}") from error
    _check_known(document, Said, Schema, where="the schema")
    for column, read in zip(document.get("columns", []), said.columns, strict=True):
        _check_known(column, SaidColumn, Column, where=f"column {read.name!r} of the schema")
    return said


def _check_known(given: Mapping[str, Any], *kinds: type[msgspec.Struct], where: str) -> None:
    # What `schema.json` of an exported zip says beside is no error.
    known = [name for kind in kinds for name in kind.__struct_encode_fields__]
    if unknown := [name for name in given if name not in known]:
        fields = listed(kinds[0].__struct_encode_fields__)
        raise InvalidField(f"{where} has unknown fields: {listed(unknown)}; known are {fields}")


def of_lightgbm(text: str, said: Said, *, kind: ImportKind, told: dict[str, str]) -> Brought:
    """The model of a text in LightGBM's format. Raises InvalidField where it is none, or is not what was said of it."""
    found = describe(text)
    names = [column.name for column in said.columns] or found.names
    booleans = frozenset(column.name for column in said.columns if column.type == "boolean")
    made = columns(found, names, booleans)
    if said.columns:
        made = [
            _merged(own, other, place in found.categorical)
            for place, (own, other) in enumerate(zip(made, said.columns, strict=True))
        ]
    if len(set(names)) < len(names) or said.target in names:
        raise InvalidField(
            f"each column needs a name of its own, other than the target's: {listed([*names, said.target])}"
        )
    classes, class_type = _classes(said, found.classes)
    schema = Schema(
        columns=made,
        target=said.target,
        problem=found.problem,
        classes=classes,
        class_type=class_type,
        names_classes=True,
    )
    return Brought(
        kind=kind,
        estimator="lightgbm",
        schema=schema,
        artefact=joined(Header(FORMAT, schema), [text.encode()]),
        told=told,
    )


def _merged(own: Column, said: SaidColumn, categorical: bool) -> Column:
    """A column as the model and a schema together say it is."""
    name = own.name
    if said.type is not None and said.type not in _TYPES:
        raise InvalidField(
            f"column {name!r} is {said.type} in the schema; LightGBM alone takes {listed(sorted(_TYPES))}"
        )
    if said.categories and own.categories and said.categories != own.categories:
        raise InvalidField(f"the schema has other categories for {name!r} than the model: {listed(own.categories)}")
    categories = own.categories or said.categories
    if categories and not categorical:
        raise InvalidField(f"column {name!r} has categories in the schema, and is none to the model")
    if said.type == "category" and not categories:
        raise InvalidField(f"the schema has to say the categories of {name!r} in the order of their codes")
    return msgspec.structs.replace(
        own,
        type="category" if categories else own.type,
        categories=categories,
        nullable=said.nullable,
        typical=said.typical,
        min=None if categories else own.min if said.min is None else said.min,
        max=None if categories else own.max if said.max is None else said.max,
    )


def _classes(said: Said, count: int) -> tuple[list[str | int | float | bool], ClassType]:
    if count == 1:
        if said.classes:
            raise InvalidField("the schema has classes, and the model predicts none")
        return [], "none"
    classes = said.classes or list(range(count))
    if len(classes) != count or len(set(classes)) < count:
        raise InvalidField(f"the model has {count} classes, the schema {listed([str(value) for value in classes])}")
    kinds = {type(value) for value in classes}
    if len(kinds) != 1:
        raise InvalidField("the classes of the schema must be all texts, all whole numbers or all booleans")
    return classes, _CLASS_TYPES[kinds.pop()]
