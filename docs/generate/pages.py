"""Where the generated parts stand: a page has a mark, and what it names takes its place when the site is built."""

from __future__ import annotations

import re
from typing import Final

from docs.generate.commands import commands
from docs.generate.errors import errors
from docs.generate.findings import findings
from docs.generate.metrics import metrics
from docs.generate.routes import refusals, routes
from docs.generate.schemas import schemas
from docs.generate.settings import settings

#: What writes each part, by the name that a mark gives.
PARTS: Final = {
    "commands": commands,
    "errors": errors,
    "findings": findings,
    "metrics": metrics,
    "refusals": refusals,
    "routes": routes,
    "schemas": schemas,
    "settings": settings,
}
#: A mark, on a line of its own.
MARK: Final = re.compile(r"^<!-- generated: (\S+) -->$", re.MULTILINE)


def fill(page: str) -> str:
    """The page with each mark replaced by its part. Raises KeyError for a part that there is not."""
    return MARK.sub(lambda mark: PARTS[mark[1]](), page)
