"""What fitting the rows of an estimate finds: `tasks.tables.conforming`."""

from __future__ import annotations

from typing import Final

from tasks.tables.codes.meaning import Meaning

ESTIMATING: Final[dict[str, Meaning]] = {
    "unknown_column": Meaning(
        "info",
        "an estimate has a column that the model learned nothing from",
        "ignored",
        "estimate with unknown=refuse to have it refused",
    ),
    "target_given": Meaning(
        "info",
        "an estimate has the target among its columns",
        "ignored",
        "estimate with unknown=refuse to have it refused",
    ),
    "absent_column": Meaning(
        "warning",
        "an estimate lacks a column that the model learned from",
        "taken as missing in every row",
        "estimate with missing=refuse to have it refused",
    ),
    "more_notes": Meaning("info", "there are more notes on an estimate than are kept", "counted", ""),
}
