"""The programs of examples/celery-callers, for the programs here that run them."""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Final

FOLDER: Final = Path(__file__).parents[3] / "examples" / "celery-callers"


def module(name: str) -> ModuleType:
    """The program, as a module."""
    sys.path.append(str(FOLDER))
    return import_module(name)
