"""Rows of text as a table that people read."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

#: Between two columns.
GAP: Final = "  "


def aligned(header: Sequence[str], rows: Iterable[Sequence[object]]) -> list[str]:
    """A line for the header and for each row, columns below each other: numbers to the right, text to the left."""
    cells = [["" if cell is None else str(cell) for cell in row] for row in rows]
    columns = [*zip(header, *cells, strict=True)]
    widths = [max(map(len, column)) for column in columns]
    right = [bool(column[1:]) and all(_is_number(cell) for cell in column[1:] if cell) for column in columns]
    return [
        GAP.join(
            cell.rjust(width) if to_right else cell.ljust(width)
            for cell, width, to_right in zip(row, widths, right, strict=True)
        ).rstrip()
        for row in (list(header), *cells)
    ]


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
