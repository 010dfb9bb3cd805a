"""How a CSV is written, found from its header and first lines: what separates fields and decimals."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from tasks.tables.reading.hints import DELIMITERS, CsvOptions

#: So much of a CSV is looked at (bytes), and at least its first lines if they are longer, up to the second bound.
SAMPLE_BYTES: Final = 64 * 1024
MOST_SAMPLE_BYTES: Final = 8 * 1024 * 1024
#: So many records of it.
SAMPLE_RECORDS: Final = 100
#: The line that Excel reads and takes for no record.
_SAYS: Final = re.compile(rb'"?sep=(.)"?\r?\n')
_WITH_POINT: Final = re.compile(r"[-+]?\d*\.\d+(?:[eE][-+]?\d+)?|[-+]?\d+")
_WITH_COMMA: Final = re.compile(r"[-+]?\d*,\d+(?:[eE][-+]?\d+)?")
_QUOTED: Final = re.compile(r'"[^"]*"')


@dataclass(frozen=True, kw_only=True)
class Dialect:
    """How one CSV is written."""

    delimiter: str
    decimal: str
    #: The fields of the first record.
    first: list[str]
    #: Whether blanks follow separators and mean nothing.
    blanks: bool


def said_delimiter(data: bytes) -> tuple[str | None, int]:
    """(the separator that a line `sep=;` at the start names, the length of that line); (None, 0) without one."""
    found = _SAYS.match(data[:16])
    if found is None or not found[1].isascii():
        return None, 0
    return found[1].decode(), found.end()


def dialect_of(data: bytes, options: CsvOptions) -> Dialect:
    """The dialect of a text in UTF-8."""
    text = _sample(data)
    candidates = (options.delimiter,) if options.delimiter else DELIMITERS
    head = text.partition("\n")[0]
    samples = {mark: _records(text, mark) for mark in candidates if mark in head or len(candidates) == 1}
    samples = {mark: rows for mark, rows in samples.items() if len(rows[0]) > 1} or samples
    delimiter = max(samples, key=lambda mark: _merit(samples[mark], mark)) if samples else candidates[0]
    rows = samples.get(delimiter) or _records(text, delimiter)
    decimal = options.decimal or _decimal(rows[1:], delimiter)
    blanks = _blanks(text, delimiter)
    first = [name.lstrip(" ") for name in rows[0]] if blanks else rows[0]
    return Dialect(delimiter=delimiter, decimal=decimal, first=first, blanks=blanks)


def _sample(data: bytes) -> str:
    end = len(data)
    if end > SAMPLE_BYTES:
        second = data.find(b"\n", data.find(b"\n", 0, MOST_SAMPLE_BYTES) + 1, MOST_SAMPLE_BYTES)
        end = max(data.rfind(b"\n", 0, SAMPLE_BYTES), second) + 1 or MOST_SAMPLE_BYTES
    return data[:end].decode(errors="ignore")


def _records(text: str, delimiter: str) -> list[list[str]]:
    """The first records; at least one, which may be empty."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=delimiter != "\t")
    rows: list[list[str]] = []
    try:
        for row in reader:
            if row:
                rows.append(row)
            if len(rows) == SAMPLE_RECORDS:
                break
    except csv.Error:
        # A field longer than the module takes. What was read before it tells enough.
        pass
    return rows or [[""]]


def _merit(rows: list[list[str]], delimiter: str) -> tuple[bool, float, int]:
    """How well a separator explains the lines: all have as many fields, most of those are plain, and there are many."""
    width = len(rows[0])
    even = all(len(row) == width or not any(row[width:]) for row in rows)
    cells = [cell for row in rows[1:] for cell in row]
    others = [mark for mark in DELIMITERS if mark != delimiter]
    plain = sum(not any(mark in cell for mark in others) or bool(_WITH_COMMA.fullmatch(cell)) for cell in cells)
    share = round(plain / len(cells), 1) if cells else 1.0
    return even and width > 1, share, -DELIMITERS.index(delimiter) if delimiter in DELIMITERS else 0


def _decimal(rows: Sequence[list[str]], delimiter: str) -> str:
    """A comma, if numbers are written with one and none with a point; a point if nothing speaks for a comma."""
    if delimiter == ",":
        return "."
    comma = any(_WITH_COMMA.fullmatch(cell.strip()) for row in rows for cell in row)
    point = any("." in cell and _WITH_POINT.fullmatch(cell.strip()) for row in rows for cell in row)
    return "," if comma and not point else "."


def _blanks(text: str, delimiter: str) -> bool:
    """Whether every separator of the first lines is followed by a blank."""
    if delimiter in (" ", "\t"):
        return False
    lines = [_QUOTED.sub("", line) for line in text.split("\n")[:SAMPLE_RECORDS] if line]
    marks = [line.count(delimiter) for line in lines]
    spaced = [line.count(delimiter + " ") for line in lines]
    return sum(marks) > 0 and marks == spaced
