"""Columns of an estimate's rows that come back with the result."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from tasks.errors import InvalidRows
from tasks.learning.result_columns import kept_names
from tasks.tables.value_types.writing import value_text

#: What comes back as it came, and is written in every format.
_AS_IS = (
    *(pa.types.is_integer, pa.types.is_floating, pa.types.is_boolean, pa.types.is_decimal),
    *(pa.types.is_string, pa.types.is_date, pa.types.is_time, pa.types.is_null),
)


def with_kept(results: pa.Table, kept: Mapping[str, Any]) -> pa.Table:
    """The results with the kept columns in front. Raises InvalidRows for one of a type that no result has."""
    names = kept_names(kept, results.column_names)
    columns = [_column(name, values) for name, values in kept.items()]
    return pa.table([*columns, *results.columns], names=[*names, *results.column_names])


def listed_values(kept: Mapping[str, Any]) -> dict[str, list[Any]]:
    """The kept columns as JSON has them: dates in ISO 8601, decimals as text."""
    return {
        name: values if isinstance(values, list) else _column(name, values).to_pylist() for name, values in kept.items()
    }


def _column(name: str, values: Any) -> Any:
    if isinstance(values, list):
        return _of_json(values)
    kind = values.type
    if pa.types.is_dictionary(kind):
        return _column(name, values.cast(kind.value_type))
    if any(is_kind(kind) for is_kind in _AS_IS):
        return values
    try:
        return (
            values.cast(pa.timestamp("us", kind.tz), safe=False)
            if pa.types.is_timestamp(kind)
            else values.cast(pa.string())
        )
    except pa.ArrowException:
        raise InvalidRows(
            f"column {name!r} is {kind}, which no result can carry; leave it out, or make it text"
        ) from None


def _of_json(values: list[Any]) -> pa.Array:
    kinds = set(map(type, values)) - {type(None)}
    if kinds <= {int} or kinds <= {int, float} or (len(kinds) == 1 and not kinds & {dict, list}):
        try:
            return pa.array(values)
        except (pa.ArrowException, OverflowError):
            pass
    return pa.array([None if value is None else _text(value) for value in values], pa.string())


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, dict | list) else value_text(value)
