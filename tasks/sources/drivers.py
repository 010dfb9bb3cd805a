"""The drivers of ADBC, which are an extra."""

from __future__ import annotations

import importlib
from typing import Any, Final

from tasks.errors import SettingsError

#: How they are had.
REMEDY: Final = "pip install 'mlservice[sql]'"


def driver(kind: str) -> Any:
    """The DB-API module of the driver for this kind of database. Raises SettingsError where it is not installed."""
    try:
        return importlib.import_module(f"adbc_driver_{kind}.dbapi")
    except ImportError:
        raise SettingsError(f"sources of {kind} need a driver that is not installed here: {REMEDY}") from None
