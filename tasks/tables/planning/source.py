"""What is known of a table beside its values."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tasks.tables.findings import Finding, LinesOf


@dataclass(frozen=True, slots=True)
class Source:
    """Where a table comes from: what was found while it was read, and what its file says of itself."""

    findings: Sequence[Finding] = ()
    #: Columns that the file says are an index.
    index: frozenset[str] = frozenset()
    #: The lines of the file on which rows begin; None where it has no lines.
    lines_of: LinesOf | None = None
