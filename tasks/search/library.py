"""The package Optuna, which an extra installs, imported when a search begins."""

from __future__ import annotations

from functools import cache
from typing import Any

from tasks.errors import InvalidField


@cache
def load_optuna() -> Any:
    """The module `optuna`. Raises InvalidField, with the remedy, where it is missing."""
    try:
        import optuna
    except ImportError:
        raise InvalidField(
            "search needs Optuna, which is not installed where the workers run: pip install 'mlservice[search]'"
        ).at("/search") from None
    # What it says of each trial, our own progress says.
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    return optuna
