"""Values that are made to fit one feature."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.contract import Noted
from tasks.tables.checks import MISSING, BadCell, number_fault
from tasks.tables.columns import Column
from tasks.tables.conforming.names import may_miss
from tasks.tables.conforming.notes import Notes
from tasks.tables.conforming.ways import Ways
from tasks.tables.schema import encode, numbers, plain_type
from tasks.tables.value_types.writing import value_text

#: How far beyond training's numbers, as a part of the larger of them, a number still counts as one of them: a float of
#: 32 bits is not what it was with 64.
SLACK: Final = 1e-6
#: Most values that a note shows, and most characters of each.
_SHOWN: Final = 3
_SHOWN_CHARACTERS: Final = 40
#: How many rows are looked at as one: those of 30 numbers fit into the processor's cache.
_LOOKED_AT: Final = 4096

Mask = npt.NDArray[np.bool_]


def absent(column: Column, rows: int, notes: Notes) -> Any:
    """What stands for a column that is not there."""
    if column.nullable:
        notes.add(
            "absent_column",
            f"column {column.name!r} is not there",
            column=column.name,
            done="taken as missing in every row",
        )
    return fitted(pa.chunked_array([pa.nulls(rows, plain_type(column))]), column, Ways(), notes)


def fitted(values: Any, column: Column, ways: Ways, notes: Notes) -> Any:
    """Values of the column's type (as `converted` gives them) in that of the conformed column (`arrow_type`), with
    notes on those that training did not know.

    Raises BadCell for a number that is out of range, and for a value that is missing where nothing may stand for it.
    """
    if column.type == "number":
        return _numbers(values, column, ways, notes)
    if values.null_count and not column.nullable:
        values = _filled(values, column, ways, notes)
    return _coded(values, column, notes) if column.type == "category" else values


def _numbers(values: pa.ChunkedArray, column: Column, ways: Ways, notes: Notes) -> pa.Array:
    array = numbers(values)
    if fault := number_fault(array, nullable=True):
        raise BadCell(*fault[:1], column.name, fault[1])
    if not column.nullable and (missing := np.isnan(array)).any():
        _note_filled(missing, column, ways, notes)
        array = np.where(missing, typical(column), array)
    note_beyond(array, column, notes)
    return pa.array(array)


def bounds(column: Column) -> tuple[float, float] | None:
    """Between which numbers nothing is noted; None if the version does not know."""
    if column.min is None or column.max is None:
        return None
    slack = SLACK * max(abs(column.min), abs(column.max))
    return column.min - slack, column.max + slack


def is_beyond(least: float, most: float, column: Column) -> bool:
    """Whether there may be something to note of numbers of which these are the least and the largest, or NaN."""
    known = bounds(column)
    return known is not None and not (known[0] <= least and most <= known[1])


def note_beyond(array: npt.NDArray[np.float64], column: Column, notes: Notes) -> None:
    """Note the numbers that are less or larger than all of training's."""
    if (known := bounds(column)) is not None:
        _note_outside((array < known[0]) | (array > known[1]), column, notes)


def note_all_beyond(matrix: npt.NDArray[np.float64], columns: Mapping[int, Column], notes: Notes) -> None:
    """The same of many rows, for the columns at some places."""
    least, most = np.full(matrix.shape[1], -np.inf), np.full(matrix.shape[1], np.inf)
    for place, column in columns.items():
        least[place], most[place] = bounds(column) or (-np.inf, np.inf)
    outside = np.empty(matrix.shape[::-1], dtype=np.bool_)
    # A column of numbers that lie row after row is slow to look at: that of a mask is an eighth of it.
    for start in range(0, len(matrix), _LOOKED_AT):
        part = matrix[start : start + _LOOKED_AT]
        outside[:, start : start + _LOOKED_AT] = ((part < least) | (part > most)).T
    for place, column in columns.items():
        _note_outside(outside[place], column, notes)


def _note_outside(outside: Mask, column: Column, notes: Notes) -> None:
    if outside.any():
        notes.add(
            Noted.BEYOND,
            f"column {column.name!r} has {counted(outside, 'number')} beyond those of training, which go from"
            f" {column.min:g} to {column.max:g}",
            column=column.name,
            where=outside,
            severity="warning",
            remedy="train with rows that have such numbers",
        )


def note_unseen(unseen: Mask, values: Any, column: Column, notes: Notes) -> None:
    """Note the texts that are no category of training; `values` gives that of a row."""
    shown = list(dict.fromkeys(str(values[int(row)])[:_SHOWN_CHARACTERS] for row in np.flatnonzero(unseen)[:_SHOWN]))
    values_words, texts = counted(unseen, "value"), ", ".join(map(repr, shown))
    notes.add(
        Noted.UNSEEN,
        f"column {column.name!r} has {values_words} that training did not know: {texts}",
        column=column.name,
        where=unseen,
        severity="warning",
        done="taken as no known category",
        remedy="train with rows that have them",
    )


def _coded(values: pa.ChunkedArray, column: Column, notes: Notes) -> pa.ChunkedArray:
    coded = encode(values, pa.array(column.categories, pa.string()))
    # A version of an earlier release says nothing, as it never did.
    if coded.null_count > values.null_count and column.typical is not None:
        unseen = np.asarray(coded.is_null().to_numpy()) & ~np.asarray(values.is_null().to_numpy())
        texts = values.combine_chunks()
        note_unseen(unseen, _Texts(texts), column, notes)
    return coded


class _Texts:
    def __init__(self, values: pa.StringArray) -> None:
        self._values = values

    def __getitem__(self, row: int) -> str:
        return str(self._values[row].as_py())


def counted(where: Mask, noun: str) -> str:
    """How many there are, in words."""
    number = int(np.count_nonzero(where))
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _filled(values: pa.ChunkedArray, column: Column, ways: Ways, notes: Notes) -> pa.ChunkedArray:
    _note_filled(np.asarray(values.is_null().to_numpy(), dtype=bool), column, ways, notes)
    return values.fill_null(pa.scalar(typical(column), plain_type(column)))


def typical(column: Column) -> Any:
    """What stands for a missing value, as the column has it before it is coded."""
    if column.type == "text":
        return ""
    assert column.typical is not None
    if column.type == "category":
        return column.categories[int(column.typical)]
    return {"number": float, "boolean": bool, "date": int}[column.type](column.typical)


def _note_filled(missing: Mask, column: Column, ways: Ways, notes: Notes) -> None:
    if ways.refuses_missing or not may_miss(column):
        raise BadCell(int(missing.argmax()), column.name, MISSING)
    notes.add(
        Noted.FILLED,
        f"column {column.name!r} misses {counted(missing, 'value')} where training missed none",
        column=column.name,
        where=missing,
        severity="warning",
        done=f"taken as {_shown(column)}",
        remedy="give a value; ?missing=refuse refuses such rows",
    )


def _shown(column: Column) -> str:
    value = typical(column)
    if column.type == "number":
        return f"{value:g}, the median of training"
    if column.type == "date":
        return f"{pa.scalar(value, pa.timestamp('us')).as_py().isoformat()}, the middle of training"
    return "an empty text" if column.type == "text" else f"{value_text(value)!r}, the most frequent of training"
