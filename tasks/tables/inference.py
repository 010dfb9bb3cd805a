"""Finding the schema of a table that is to be learned from."""

from __future__ import annotations

from typing import Any, Final, cast, get_args

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.errors import InvalidField, InvalidTable, InvalidTarget
from tasks.tables.checks import RANGE, at_cell, listed, number_fault
from tasks.tables.columns import ClassType, Column, Problem, Schema
from tasks.tables.iso_dates import are_dates
from tasks.tables.schema import kind_of, numbers, plain

#: Fewest rows of a table.
FEWEST_ROWS: Final = 10
#: Most different texts in a column, and most classes.
MOST_CATEGORIES: Final = 1000
#: Fewest rows of each class: one to learn from and one to measure on.
FEWEST_OF_CLASS: Final = 2
#: Whole numbers are classes if there are at most so many of them, ...
MOST_WHOLE_CLASSES: Final = 20
#: ... if they span less than this, ...
WHOLE_SPAN: Final = 50
#: ... and if a class has so many rows on average. Two different whole numbers are always classes.
WHOLE_ROWS: Final = 5

#: Strings are text if this part of them is different from all others, ...
MOSTLY: Final = 0.5
#: ... and half of those that are different have so many words, ...
TEXT_WORDS: Final = 3
#: ... told from so many rows, evenly spread.
TEXT_SAMPLE: Final = 10_000


def infer(table: pa.Table, *, target: str, problem: str | None = None) -> Schema:
    """The schema of a training table.

    Numbers stay numbers; dates in writing become dates, strings otherwise categories or text (`is_text`), dictionaries
    categories. The problem is guessed from the target unless it is given: text, booleans and few small whole numbers
    are classes. Rows are counted from 0 in messages.
    Raises InvalidTable, InvalidTarget, or InvalidField for a `problem` that does not exist.
    """
    if problem is not None and problem not in get_args(Problem):
        raise InvalidField(f"problem must be one of {listed(get_args(Problem))}, not {problem!r}").at(
            "/options/problem"
        )
    names = table.column_names
    _check_names(names, target)
    if table.num_rows < FEWEST_ROWS:
        raise InvalidTable(f"the table has {table.num_rows} rows; at least {FEWEST_ROWS} rows are needed")
    values = plain(table.column(target))
    kind = _check_target(values, target)
    columns = [_feature(name, table.column(name)) for name in names if name != target]
    chosen = cast(Problem, problem) if problem else _guess(values, kind)
    if chosen == "regression":
        if kind != "number":
            raise InvalidTarget(f"target {target!r} holds {_words(kind)}; a regression needs numbers")
        return Schema(columns=columns, target=target, problem=chosen)
    classes = _classes(values, target, problem=chosen)
    return Schema(columns=columns, target=target, problem=chosen, classes=classes, class_type=_class_type(values, kind))


def _check_names(names: list[str], target: str) -> None:
    twice = sorted({name for name in names if names.count(name) > 1}) if len(set(names)) < len(names) else []
    if twice:
        raise InvalidTable(f"columns given twice: {listed(twice)}; give every column a name of its own")
    if target not in names:
        raise InvalidTarget(f"there is no column {target!r} to be the target; the table has {listed(names, most=50)}")
    if len(names) == 1:
        raise InvalidTable(f"the table has no column beside the target {target!r}; add at least one feature")


def _feature(name: str, column: pa.ChunkedArray) -> Column:
    values = plain(column)
    kind = kind_of(values)
    if kind is None:
        raise InvalidTable(
            f"column {name!r} is {values.type}; make it numbers, true/false, dates or text, or leave it out"
        )
    missing = values.null_count
    if kind == "number":
        array = numbers(values)
        if fault := number_fault(array, nullable=True):
            raise at_cell(InvalidTable, fault[0], name, fault[1])
        missing = int(np.isnan(array).sum())
    if missing == len(values) or kind == "null":
        raise InvalidTable(f"column {name!r} has no value at all; leave it out")
    if kind == "category" and not pa.types.is_dictionary(column.type):
        kind = "date" if are_dates(values) else "text" if is_text(values) else kind
    categories = _categories(name, values) if kind == "category" else []
    return Column(name=name, type=kind, categories=categories, nullable=missing > 0)


def is_text(values: pa.ChunkedArray) -> bool:
    """Whether strings are text to be read, and not names of categories: most are different, and the usual one has
    several words."""
    sample = values.take(pa.array(np.arange(0, len(values), -(-len(values) // TEXT_SAMPLE)))).drop_null()
    different = pc.unique(sample)
    if len(different) <= MOSTLY * len(sample):
        return False
    words = pc.count_substring_regex(different, r"\S+")
    return bool(np.median(words.to_numpy()) >= TEXT_WORDS)


def _categories(name: str, values: pa.ChunkedArray) -> list[str]:
    found = pc.unique(values).drop_null()
    if len(found) > MOST_CATEGORIES:
        raise InvalidTable(
            f"column {name!r} has {len(found)} different texts, of which at most {MOST_CATEGORIES} can be categories;"
            " leave it out or encode it as numbers"
        )
    return sorted(found.to_pylist())


def _check_target(values: pa.ChunkedArray, target: str) -> str:
    kind = kind_of(values)
    if kind is None or kind == "date":
        raise InvalidTarget(f"target {target!r} is {values.type}; it must be numbers, true/false or text")
    array = numbers(values) if kind == "number" else None
    missing = np.isnan(array) if array is not None else np.asarray(values.is_null().to_numpy(), dtype=bool)
    if missing.any():
        rows = np.flatnonzero(missing)
        shown = ", ".join(str(row) for row in rows[:5]) + (", ..." if len(rows) > 5 else "")
        raise InvalidTarget(
            f"target {target!r} is missing in {len(rows)} rows (counted from 0: {shown}); fill or drop them"
        )
    if array is not None and (fault := number_fault(array, nullable=False)):
        raise at_cell(InvalidTarget, fault[0], target, fault[1])
    if pc.count_distinct(values).as_py() == 1:
        raise InvalidTarget(
            f"target {target!r} has the same value in every row; there is nothing to learn;"
            " name another target, or add rows"
        )
    return kind


def _guess(values: pa.ChunkedArray, kind: str) -> Problem:
    distinct = pc.unique(values).to_pylist()
    if kind != "number":
        return "binary" if len(distinct) == 2 else "multiclass"
    if pa.types.is_floating(values.type):
        return "binary" if set(distinct) == {0.0, 1.0} else "regression"
    if len(distinct) == 2:
        return "binary"
    few = len(distinct) <= MOST_WHOLE_CLASSES and max(distinct) - min(distinct) < WHOLE_SPAN
    return "multiclass" if few and len(values) >= WHOLE_ROWS * len(distinct) else "regression"


def _classes(values: pa.ChunkedArray, target: str, *, problem: Problem) -> list[Any]:
    counted = {entry["values"]: entry["counts"] for entry in pc.value_counts(values).to_pylist()}
    if problem == "binary" and len(counted) != 2:
        raise InvalidTarget(f"target {target!r} has {len(counted)} values; binary needs two, else use multiclass")
    if len(counted) > MOST_CATEGORIES:
        raise InvalidTarget(
            f"target {target!r} has {len(counted)} classes, at most {MOST_CATEGORIES} can be learned; group them,"
            " or use problem=regression for numbers"
        )
    rare = sorted(value for value, count in counted.items() if count < FEWEST_OF_CLASS)
    if rare:
        raise InvalidTarget(
            f"target {target!r} has classes with fewer than {FEWEST_OF_CLASS} rows: {listed(rare)}; add or drop them"
        )
    if any(isinstance(value, int) and not -(2**63) <= value < 2**63 for value in counted):
        raise InvalidTarget(f"target {target!r} {RANGE}; use text for such classes")
    return sorted(counted)


def _class_type(values: pa.ChunkedArray, kind: str) -> ClassType:
    if kind == "number":
        return "float" if pa.types.is_floating(values.type) else "integer"
    return "boolean" if kind == "boolean" else "string"


def _words(kind: str) -> str:
    return "text" if kind == "category" else "true/false"
