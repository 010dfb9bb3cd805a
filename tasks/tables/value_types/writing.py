"""The one writing of a value as text: of a category that is given as a number, say."""

from __future__ import annotations

from typing import Any, Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.value_types.dates import MOMENT

#: Whole numbers below it have no exponent.
_WHOLE: Final = 2.0**63


def value_text(value: Any) -> str:
    """The same of one value out of JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        whole = value.is_integer() and abs(value) < _WHOLE
        return str(int(value)) if whole else str(written(pa.array([value]))[0])
    return str(value)


def written(values: pa.ChunkedArray | pa.Array) -> pa.ChunkedArray | pa.Array:
    """Each value as text: whole numbers without a point, other numbers as short as they can be, booleans as `true` and
    `false`, dates by ISO 8601 with a time if one of them has one."""
    kind = values.type
    if pa.types.is_floating(kind):
        # Arrow writes 5.0 as 5, and the shortest digits that give the number again.
        return values.cast(pa.string())
    if kind == MOMENT:
        days = values.cast(pa.date32(), safe=False)
        same = pc.all(pc.equal(days.cast(MOMENT), values)).as_py()
        return pc.strftime(values, format="%Y-%m-%d" if same is not False else "%Y-%m-%dT%H:%M:%S")
    return values.cast(pa.string())
