"""Tables that a spreadsheet program opens without computing what stands in them.

Source: OWASP, "CSV Injection": a cell that begins with one of these characters is read as a formula; an apostrophe
before it makes it text.
"""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

#: What a formula may begin with.
BEGINS: Final = "=+-@\t\r\n"
#: What makes text of it.
APOSTROPHE: Final = "'"
_PATTERN: Final = r"^[=+\-@\t\r\n]"


def neutralised(table: pa.Table) -> pa.Table:
    """The table with an apostrophe before text cells and names of columns that could be formulas. Numbers, true and
    false stay as they are, negative ones too."""
    columns = [_neutralised(column) for column in table.columns]
    return pa.table(columns, names=[_name(name) for name in table.column_names], metadata=table.schema.metadata)


def _name(name: str) -> str:
    return APOSTROPHE + name if name.startswith(tuple(BEGINS)) else name


def _neutralised(column: pa.ChunkedArray) -> Any:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind)):
        return column
    text = column.cast(pa.string())
    marked = pc.binary_join_element_wise(APOSTROPHE, text, "")
    return pc.if_else(pc.match_substring_regex(text, _PATTERN), marked, text)
