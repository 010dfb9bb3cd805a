"""Libraries that are loaded before all others of a process, several at a time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

VARIABLE: Final = "LD_PRELOAD"


def preloaded(*environments: Mapping[str, str]) -> dict[str, str]:
    """One environment of several that each name a library."""
    whole = {name: value for environment in environments for name, value in environment.items()}
    return {**whole, VARIABLE: ":".join(environment[VARIABLE] for environment in environments)}
