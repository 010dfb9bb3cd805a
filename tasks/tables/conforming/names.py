"""Which columns of an estimate's rows are what: features, carried along, or of no use."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Final

from tasks.errors import InvalidField, InvalidRows
from tasks.tables.checks import columns_fault, listed, twice
from tasks.tables.columns import Column, Schema
from tasks.tables.conforming.notes import Notes
from tasks.tables.conforming.ways import Ways

#: What tools call an index that they write: R and spreadsheets nothing, pandas by a number that differs by the way.
_INDEX: Final = re.compile(r"|Unnamed: \d+|__index_level_\d+__")


def refusal(given: Sequence[str], schema: Schema, ways: Ways, *, silent: Collection[str] = ()) -> str | None:
    """What is wrong with the columns of some rows, in the words that have always been said; None if they will do.

    A column may not lack where nothing is known to stand for it; `ways` may refuse more. `silent`: columns of which
    nothing is said, as the file calls them its index.
    """
    lack = [] if ways.refuses_missing else [column.name for column in schema.columns if may_miss(column)]
    wanted = set(schema.names) | (set(_unknown(given, schema, ways, silent)) if ways.refuses_unknown else set())
    present = set(given)
    asked = [name for name in given if name in wanted]
    return columns_fault([*asked, *(name for name in lack if name not in present)], schema.names, schema.target)


def sorted_out(
    given: Sequence[str], schema: Schema, ways: Ways, notes: Notes, *, silent: Collection[str] = ()
) -> list[str]:
    """The columns that come back with the result, keys first; with a note for each column that is ignored.

    Raises InvalidRows if none is a feature; InvalidField if there is no column, or there are two, that `ways` keeps.
    """
    kept, present = _kept(given, schema, ways), set(given)
    if not any(name in present for name in schema.names):
        raise InvalidRows(f"none of the columns that the model learned from is there: {listed(schema.names)}")
    for name in _unknown(given, schema, ways, silent):
        _note(name, schema, notes)
    return kept


def _unknown(given: Sequence[str], schema: Schema, ways: Ways, silent: Collection[str]) -> list[str]:
    """The columns of which the training table had none, and that nobody keeps."""
    beside = {column.name for column in schema.beside}
    known = {*schema.names, *beside, *ways.keep, *silent}
    indexed = any(map(_INDEX.fullmatch, beside))
    return [n for n in dict.fromkeys(given) if n not in known and not (indexed and _INDEX.fullmatch(n))]


def may_miss(column: Column) -> bool:
    """Whether anything is known to stand for a value that is missing in the column."""
    return column.nullable or column.type == "text" or column.typical is not None


def _kept(given: Sequence[str], schema: Schema, ways: Ways) -> list[str]:
    present = set(given)
    if lost := [name for name in ways.keep if name not in present]:
        raise InvalidField(f"keep names {listed(lost)}, which the rows do not have; they have {listed(given)}").at(
            "?keep"
        )
    keys = [column.name for column in schema.beside if column.role == "key" and column.name in present]
    kept = list(dict.fromkeys([*keys, *ways.keep]))
    if fault := twice(given, kept):
        raise InvalidField(fault).at("?keep")
    return kept


def _note(name: str, schema: Schema, notes: Notes) -> None:
    remedy = "leave the column out, or keep it with ?keep; ?unknown=refuse refuses such rows"
    if name == schema.target:
        notes.add("target_given", f"column {name!r} is the target", column=name, done="ignored", remedy=remedy)
    else:
        notes.add(
            "unknown_column",
            f"column {name!r} is none that the model learned from",
            column=name,
            done="ignored",
            remedy=remedy,
        )
