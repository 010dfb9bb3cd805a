"""Pieces of Markdown."""

from __future__ import annotations

from collections.abc import Iterable, Sequence


def table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A table of rows that have a cell for each head. Raises ValueError for a row that has not."""
    lines = [_line(heads), _line(["---"] * len(heads))]
    for row in rows:
        if len(row) != len(heads):
            raise ValueError(f"a row of {len(row)} cells in a table of {len(heads)} columns: {row!r}")
        lines.append(_line([_cell(text) for text in row]))
    return "\n".join(lines) + "\n"


def code(text: str) -> str:
    """The text as code; nothing for no text."""
    return f"`{text}`" if text else ""


def codes(texts: Iterable[str]) -> str:
    """Each of the texts as code, separated by commas."""
    return ", ".join(code(text) for text in texts)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    """The text on one line, without what would end the cell."""
    return " ".join(text.split()).replace("|", "\\|")
