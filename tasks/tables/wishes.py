"""What a caller wants a column to be: `options.columns`."""

from __future__ import annotations

import msgspec

from tasks.tables.columns import ColumnType, Role


class Wish(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What one column shall be; what is left open is found by its values."""

    role: Role = "feature"
    type: ColumnType | None = None
    #: How its texts are read, see `ColumnPlan.format`.
    format: str = ""
