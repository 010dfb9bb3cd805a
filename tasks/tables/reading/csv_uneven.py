"""Records of a CSV that have more or less fields than its header."""

from __future__ import annotations

import csv
import io
from typing import Any


class Uneven:
    """What a reader noted of such records."""

    def __init__(self, width: int, delimiter: str) -> None:
        self._width, self._delimiter = width, delimiter
        self.forget()

    def forget(self) -> None:
        """Begin anew, as the text is read once more."""
        #: How many there are.
        self.count = 0
        #: Whether all of them have nothing but empty fields beyond those of the header.
        self.empty = True
        #: The first that has others, else the first.
        self.worst: Any = None

    def note(self, row: Any) -> str:
        """Note one; the reader leaves it out."""
        self.count += 1
        empty = row.actual_columns > self._width and row.text.rstrip("\r\n").endswith(
            self._delimiter * (row.actual_columns - self._width)
        )
        if self.worst is None or (self.empty and not empty):
            self.worst = row
        self.empty &= empty
        return "skip"


def trimmed(text: bytes, width: int, delimiter: str) -> bytes:
    """The text without the empty fields that records have beyond so many."""
    mark = delimiter.encode()
    if b'"' in text:
        return _trimmed_records(text, width, delimiter)
    lines = text.split(b"\n")
    for index, line in enumerate(lines):
        beyond = line.count(mark) - width + 1
        if beyond > 0:
            lines[index] = line.rstrip(b"\r").removesuffix(mark * beyond)
    return b"\n".join(lines)


def _trimmed_records(text: bytes, width: int, delimiter: str) -> bytes:
    """The same where separators may be inside of fields. Fields keep whether they are quoted."""
    whole = io.StringIO(text.decode(), newline="")
    out: list[str] = []
    part = ""
    for line in whole:
        part += line
        if part.count('"') % 2:
            continue
        fields = next(csv.reader([part], delimiter=delimiter), [])
        beyond = len(fields) - width
        if beyond > 0:
            part = part.rstrip("\r\n").removesuffix(delimiter * beyond) + "\n"
        out.append(part)
        part = ""
    return "".join([*out, part]).encode()
