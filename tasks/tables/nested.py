"""Columns of JSON: objects and lists in a cell, which an estimator gets as text."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from tasks.tables.columns import Column
from tasks.tables.wishes import Wish

#: The format of a column of text that holds JSON.
JSON: Final = "json"

_encode = msgspec.json.Encoder().encode


def json_text(value: Any) -> str | None:
    """A cell as JSON writes it; None for a missing one. Text is JSON already."""
    return value if value is None or isinstance(value, str) else _encode(value).decode()


def nested_columns(columns: Iterable[Column]) -> frozenset[str]:
    """The names of those that hold JSON."""
    return frozenset(column.name for column in columns if column.format == JSON)


def nested_wishes(wishes: Mapping[str, Wish]) -> frozenset[str]:
    """The names of those that shall hold JSON."""
    return frozenset(name for name, wish in wishes.items() if wish.format == JSON)
