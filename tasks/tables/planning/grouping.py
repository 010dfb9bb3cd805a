"""Findings as they are shown: of very many columns with the same finding, one that counts them."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Final

import msgspec

from tasks.tables.checks import listed
from tasks.tables.findings import Finding

#: Most findings of the same kind that are shown one by one.
MOST_ALIKE: Final = 20


def grouped(findings: Sequence[Finding]) -> list[Finding]:
    """The findings in their order; more than 20 of a kind become one, in the place of the first."""
    alike: dict[str, list[Finding]] = defaultdict(list)
    for finding in findings:
        alike[finding.code].append(finding)
    shown: list[Finding] = []
    for finding in findings:
        same = alike[finding.code]
        if len(same) <= MOST_ALIKE:
            shown.append(finding)
        elif finding is same[0]:
            shown.append(_together(same))
    return shown


def _together(same: Sequence[Finding]) -> Finding:
    first = same[0]
    columns = [finding.column for finding in same if finding.column is not None]
    message = f"{len(same)} columns: {listed(columns)}; the first: {first.message}"
    return msgspec.structs.replace(first, message=message, column=None, count=len(same), rows=[], lines=[])
