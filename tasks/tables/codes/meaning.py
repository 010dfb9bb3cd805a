"""What is said of a kind of findings."""

from __future__ import annotations

from typing import NamedTuple

from tasks.tables.findings import Severity


class Meaning(NamedTuple):
    """What a code stands for."""

    severity: Severity
    #: What was seen, in general: a sentence without a full stop.
    means: str
    #: What is done with it; empty if nothing is.
    done: str
    #: How to have it otherwise; empty if that cannot be.
    remedy: str
