"""What is left to refuse of a table, in one answer."""

from __future__ import annotations

from typing import Final

import msgspec

from tasks.errors import InvalidTable, InvalidTarget, NoFeatures
from tasks.tables.checks import json_pointer
from tasks.tables.findings import Finding
from tasks.tables.planning.draft import Draft

#: The error that stands for a finding; of others it is InvalidTable.
_ERRORS: Final[dict[str, type[InvalidTable] | type[InvalidTarget]]] = {
    "no_features": NoFeatures,
    "unknown_target": InvalidTarget,
    "target_type": InvalidTarget,
    "target_constant": InvalidTarget,
    "target_range": InvalidTarget,
    "target_problem": InvalidTarget,
    "many_classes": InvalidTarget,
    "unique_target": InvalidTarget,
    "bad_relevance": InvalidTarget,
}


def refuse_faults(draft: Draft) -> None:
    """Raises InvalidTable, NoFeatures or InvalidTarget, with all that was found, if a finding is an error."""
    faults = draft.faults
    if not faults:
        return
    first = faults[0]
    error = _ERRORS.get(first.code, InvalidTable)(_message(faults))
    if first.rows and first.column is not None:
        error = error.at(json_pointer("rows", first.rows[0], first.column))
    raise error.having([msgspec.to_builtins(found) for found in draft.findings])


def _message(faults: list[Finding]) -> str:
    if len(faults) == 1:
        return faults[0].message
    return f"{len(faults)} faults: " + "; ".join(f"({number}) {one.message}" for number, one in enumerate(faults, 1))
