"""A sheet of an Excel workbook as a table. Its reader believes the file, so that it runs apart."""

from __future__ import annotations

import datetime as dt
import io
import zipfile
from collections.abc import Sequence
from typing import Any, Final

import pyarrow as pa

from tasks.errors import InvalidField, InvalidTable
from tasks.tables.bounds import Bounds
from tasks.tables.checks import listed
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.tables.reading.edges import without_edges

#: The Arrow type of a column, by the types of its cells.
_ARROW: Final = {
    frozenset({bool}): pa.bool_(),
    frozenset({int}): pa.int64(),
    frozenset({float}): pa.float64(),
    frozenset({int, float}): pa.float64(),
    frozenset({str}): pa.string(),
    frozenset({dt.date}): pa.date32(),
    frozenset({dt.datetime}): pa.timestamp("us"),
    frozenset({dt.time}): pa.time64("us"),
    frozenset({dt.timedelta}): pa.duration("us"),
    frozenset[type](): pa.null(),
}
#: What a cell holds whose formula has no result.
_ERRORS: Final = frozenset({"#N/A", "#DIV/0!", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#GETTING_DATA"})


def read_sheet(data: bytes, bounds: Bounds, sheet: str = "") -> tuple[pa.Table, list[Finding], int]:
    """(the table of a sheet, or of the first one; what was found; the row of the sheet in which its rows begin).

    The first row that has a value has the names. Raises BodyTooLarge past `bounds`, InvalidField for a sheet that is
    not there, InvalidTable for an empty one, and errors of the reader.
    """
    from python_calamine import CalamineWorkbook

    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        bounds.check_bytes(sum(member.file_size for member in archive.infolist()))
    book = CalamineWorkbook.from_object(io.BytesIO(data))
    if sheet and sheet not in book.sheet_names:
        raise InvalidField(f"there is no sheet {sheet[:80]!r}; the workbook has {listed(book.sheet_names)}")
    found = book.get_sheet_by_name(sheet) if sheet else book.get_sheet_by_index(0)
    bounds.check(rows=max(found.height - 1, 0), columns=found.width)
    rows = found.to_python(skip_empty_area=True)
    if not rows:
        raise InvalidTable(f"the sheet {found.name!r} is empty; name another with ?sheet=")
    columns = list(zip(*rows[1:], strict=True)) if len(rows) > 1 else [()] * len(rows[0])
    names = [str(_text(cell) or "") for cell in rows[0]]
    names = [name if name or not place else f"Unnamed: {place}" for place, name in enumerate(names)]
    table = pa.Table.from_arrays([_column(values) for values in columns], names=names)
    first = (found.start[0] if found.start else 0) + 2
    table, findings = without_edges(table)
    if not sheet and len(book.sheet_names) > 1:
        message = f"the workbook has {len(book.sheet_names)} sheets: {listed(book.sheet_names)}"
        findings.append(finding("first_sheet", message, done=f"the first, {found.name!r}, was read"))
    return table, findings, first


def _column(values: Sequence[Any]) -> pa.Array:
    cells = [None if value == "" or (type(value) is str and value in _ERRORS) else value for value in values]
    kinds = frozenset(map(type, cells)) - {type(None)}
    if kinds in _ARROW:
        try:
            return pa.array(cells, _ARROW[kinds])
        except (OverflowError, pa.ArrowException):
            pass
    return pa.array(list(map(_text, cells)), pa.string())


def _text(value: Any) -> str | None:
    """A cell as it would stand in a CSV."""
    if value is None or type(value) is str:
        return value
    if type(value) is bool:
        return "true" if value else "false"
    if type(value) is float and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return str(value)
