"""What a single value of a feature must be; the same for tables and for JSON rows."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final, TypeVar

import numpy as np
import numpy.typing as npt

from tasks.errors import InvalidRequest, InvalidRows
from tasks.tables.columns import Column

#: The largest magnitude of a number: that of IEEE 754 binary32, which LightGBM computes in.
LARGEST: Final = 3.4028234663852886e38

#: Why a null is refused. LightGBM would read it as 0 (findings/lightgbm-missing-is-zero.sh).
MISSING: Final = "is missing, but no training row missed it; give a value"
#: Why a number is refused.
RANGE: Final = "is out of range; numbers must be finite and at most 3.4028235e38 in magnitude"
#: Why a text is refused where a date belongs.
NO_DATE: Final = "is no date; write it by ISO 8601, such as 2026-11-01 or 2026-11-01T07:30:00Z"
#: What belongs into a column, by its type.
BELONGS: Final = {
    "number": "a number",
    "boolean": "true or false",
    "category": "text",
    "text": "text",
    "date": "a date",
}
#: The problem if a value has another type than the column.
_NAMES: Final[Sequence[tuple[type, str]]] = (
    (bool, "true or false"),
    (int, "a number"),
    (float, "a number"),
    (str, "text"),
    (dict, "an object"),
    (list, "a list"),
)
E = TypeVar("E", bound=InvalidRequest)


class BadCell(Exception):
    """Raised when a value cannot stand where it does. Whoever knows where the rows came from says it in full."""

    def __init__(self, row: int, column: str, reason: str) -> None:
        super().__init__(row, column, reason)
        self.row, self.column, self.reason = row, column, reason


def number_fault(values: npt.NDArray[np.float64], *, nullable: bool) -> tuple[int, str] | None:
    """(row, reason) of the first value that is infinite, out of range, or NaN where that is not allowed; else None."""
    if not values.size or np.abs(values).max() <= LARGEST:
        return None
    missing = np.isnan(values)
    bad = ~(np.abs(values) <= LARGEST)
    if nullable:
        bad &= ~missing
    if not bad.any():
        return None
    row = int(bad.argmax())
    return row, MISSING if missing[row] else RANGE


def mismatch(found: str, column: Column) -> str:
    """The reason given when `found` stands where another type belongs."""
    return f"is {found} where {BELONGS[column.type]} belongs"


def kind_of(value: Any) -> str:
    """What a JSON value is, in words."""
    return next((name for cls, name in _NAMES if isinstance(value, cls)), "null")


def at_cell(kind: type[E], row: int, column: str, reason: str) -> E:
    """An error that names a cell, with the pointer of object rows. Rows are counted from 0."""
    return kind(f"row {row}, column {column!r}: {reason}").at(json_pointer("rows", row, column))


def row_error(row: int, column: str, reason: str, pointer: str | None = None) -> InvalidRows:
    """An error that names a cell of an estimate's rows; the pointer is that of object rows unless given."""
    error = at_cell(InvalidRows, row, column, reason)
    return error.at(pointer) if pointer else error


def json_pointer(*parts: str | int) -> str:
    """The JSON pointer (RFC 6901) made of these parts."""
    return "".join("/" + str(part).replace("~", "~0").replace("/", "~1") for part in parts)


def listed(names: Sequence[str], *, most: int = 10) -> str:
    """Names for a message, quoted; not more than `most`."""
    shown = ", ".join(repr(name) for name in names[:most])
    return f"{shown} and {len(names) - most} more" if len(names) > most else shown


def columns_fault(given: Sequence[str], expected: Sequence[str], target: str) -> str | None:
    """What is wrong with the names of the columns: missing, unknown, or the target; None if nothing is."""
    present, known = set(given), set(expected)
    if target in present - known:
        return f"column {target!r} is the target, which is what is asked for; leave it out"
    missing = [name for name in expected if name not in present]
    unknown = [name for name in given if name not in known]
    faults = [f"missing columns: {listed(missing)}"] if missing else []
    faults += [f"unknown columns: {listed(unknown)}"] if unknown else []
    return "; ".join(faults) or twice(given, expected)


def twice(given: Sequence[str], names: Sequence[str]) -> str | None:
    """What is wrong if some of these names are given twice; None if they are not."""
    counted = Counter(given)
    found = sorted({name for name in names if counted[name] > 1})
    return f"columns given twice: {listed(found)}" if found else None
