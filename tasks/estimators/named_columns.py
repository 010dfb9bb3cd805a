"""Columns that an estimator names itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.tables.columns import Column, ColumnType


def types_of(columns: Mapping[str, ColumnType | Column]) -> dict[str, ColumnType]:
    """The type of each, by name."""
    return {name: said.type if isinstance(said, Column) else said for name, said in columns.items()}


def with_columns(options: Mapping[str, Any], columns: Mapping[str, ColumnType | Column]) -> Mapping[str, Any]:
    """The options of an init, in which those columns are of their types unless the options say otherwise."""
    wished = options.get("columns") or {}
    said = {name: _said(column) for name, column in columns.items()}
    # What is no object is refused by who reads it.
    return {**options, "columns": {**said, **wished}} if columns and isinstance(wished, Mapping) else options


def _said(column: ColumnType | Column) -> str | dict[str, str]:
    if not isinstance(column, Column):
        return column
    return {"type": column.type, **({"format": column.format} if column.format else {})}
