"""All kinds of findings: the table of `tasks.tables.finding_codes`."""

from __future__ import annotations

from docs.generate.markdown import code, table
from tasks.tables.finding_codes import CODES


def findings() -> str:
    """Of each code: how severe it is, what was seen, what is done, and how to have it otherwise."""
    rows = [(code(name), kind.severity, kind.means, kind.done, kind.remedy) for name, kind in CODES.items()]
    return table(("code", "severity", "what was seen", "what is done", "how to have it otherwise"), rows)
