"""The programs of examples/celery-callers, for the programs here that run them."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any, Final

#: Longest wait for a train (seconds), and what it is told by until it is over.
WAIT_SECONDS: Final = 60
GOES_ON: Final = ("PENDING", "STARTED", "PROGRESS")
FOLDER: Final = Path(__file__).parents[3] / "examples" / "celery-callers"


def module(name: str) -> ModuleType:
    """The program, as a module."""
    sys.path.append(str(FOLDER))
    return import_module(name)


def trained(look: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What a look at a train tells when it has succeeded."""
    until = time.monotonic() + WAIT_SECONDS
    while (told := look())["state"] != "SUCCESS":
        assert told["state"] in GOES_ON, told
        assert time.monotonic() < until, told
        time.sleep(0.2)
    return told
