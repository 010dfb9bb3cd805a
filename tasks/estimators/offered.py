"""The estimators that installed packages offer. Imports no model code."""

from __future__ import annotations

from functools import cache
from importlib.metadata import entry_points
from typing import Final

#: The entry point group in which packages offer estimators.
GROUP: Final = "mlservice.estimators"
#: What the paths of those begin with that ship.
OURS: Final = "tasks."


@cache
def offered() -> dict[str, str]:
    """The paths of the estimators that installed packages offer, by name. Read once: it means a look at every package,
    tens of milliseconds."""
    return {point.name: point.value for point in entry_points(group=GROUP)}


def others() -> dict[str, str]:
    """Those that do not ship."""
    return {name: path for name, path in offered().items() if not path.startswith(OURS)}
