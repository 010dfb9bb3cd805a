"""How large a table may be that comes from outside. It is looked at in headers, and while it is decoded, before memory
is used: few bytes may stand for very many."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from tasks.errors import BodyTooLarge

#: The settings that bound a table.
ROWS_SETTING: Final = "MLSERVICE_MAX_ROWS"
COLUMNS_SETTING: Final = "MLSERVICE_MAX_COLUMNS"
BYTES_SETTING: Final = "MLSERVICE_MAX_DECODED_BYTES"
#: A value takes at least so many bytes where a model sees it, however it was written.
CELL_BYTES: Final = 8
#: What stands for no bound.
ENDLESS: Final = 2**62


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Most rows, columns and decoded bytes of one body."""

    rows: int = ENDLESS
    columns: int = ENDLESS
    bytes: int = ENDLESS
    #: What they are of, in messages, and what to do about it where that is not said by each.
    what: str = "the body"
    remedy: str = ""

    def check_rows(self, found: int) -> None:
        """Raise BodyTooLarge for more rows."""
        if found > self.rows:
            raise self._too_large(f"has {found:,} rows", self.rows, ROWS_SETTING, "send it in parts")

    def check_columns(self, found: int) -> None:
        """Raise BodyTooLarge for more columns; those inside of others count."""
        if found > self.columns:
            raise self._too_large(f"has {found:,} columns", self.columns, COLUMNS_SETTING, "leave some out")

    def check_bytes(self, found: int) -> None:
        """Raise BodyTooLarge for more bytes."""
        if found > self.bytes:
            said = f"takes {found:,} bytes when it is decoded"
            raise self._too_large(said, self.bytes, BYTES_SETTING, "send fewer rows, or CSV or Arrow in place of JSON")

    def check(self, *, rows: int, columns: int, taken: int = 0) -> None:
        """Raise BodyTooLarge for a table of this shape; `taken`: the bytes that are known to be in it."""
        self.check_rows(rows)
        self.check_columns(columns)
        self.check_bytes(max(taken, rows * columns * CELL_BYTES))

    def _too_large(self, said: str, most: int, setting: str, remedy: str) -> BodyTooLarge:
        return BodyTooLarge(
            f"{self.what} {said}, more than the {most:,} that are taken ({setting}); {self.remedy or remedy}"
        )


#: No bounds, for what does not come from outside.
UNBOUNDED: Final = Bounds()
