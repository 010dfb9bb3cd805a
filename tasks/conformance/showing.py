"""What a check found, as people read it."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import Final

from tasks.conformance.remarks import Check, Findings, Remark

#: How a verdict is marked.
MARKS: Final = {"ok": "ok", "warning": "warn", "fault": "FAULT"}
#: Widest line (characters).
WIDTH: Final = 110
#: Said where a check could not be gone on with.
UNSEEN: Final = "There is more to look at once that is mended."
#: Where what was found begins in a line.
INDENT: Final = " " * 8


def report(found: Findings) -> str:
    """Each check with what was found, and what to do; at the end how many were not passed."""
    lines = [line for check in found.checks for line in _lines(check)]
    counts = {verdict: sum(check.verdict == verdict for check in found.checks) for verdict in MARKS}
    rest = [] if found.whole else [UNSEEN]
    return "\n".join([*lines, "", _summary(counts, len(found.checks)), *rest])


def _lines(check: Check) -> Iterator[str]:
    measured = "; ".join(remark.message for remark in check.remarks if remark.severity == "figure")
    head = f"{MARKS[check.verdict]:<6}  {check.name}"
    yield from _wrapped(f"{head}: {measured}" if measured else head)
    for remark in check.remarks:
        if remark.severity != "figure":
            yield from _remark(remark)


def _remark(remark: Remark) -> Iterator[str]:
    yield from _wrapped(f"{INDENT}{remark.message}")
    yield from _wrapped(f"{INDENT}-> {remark.remedy}")


def _wrapped(text: str) -> list[str]:
    return textwrap.wrap(text, WIDTH, subsequent_indent=f"{INDENT}   ", break_long_words=False, break_on_hyphens=False)


def _summary(counts: dict[str, int], all_of_them: int) -> str:
    if not counts["fault"] and not counts["warning"]:
        return f"It keeps the contract: {all_of_them} checks."
    said = f"{counts['fault']} of {all_of_them} checks found a fault, {counts['warning']} gave a warning."
    return said if counts["fault"] else f"It keeps the contract. {said}"
