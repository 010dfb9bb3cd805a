"""The lightgbm package, imported without what this service has no use for."""

from __future__ import annotations

import logging
from functools import cache
from threading import Lock
from typing import Any, Final

from tasks.importing import COPIED, empty, hidden

log = logging.getLogger("lightgbm")

#: What lightgbm imports if it is there, for interfaces that are not used here. With scikit-learn installed its
#: import takes 2.1 s and 122 MB, without 0.34 s and 53 MB.
_UNUSED: Final = ("sklearn", "pandas")
_lock = Lock()


@cache
def load_lightgbm() -> Any:
    """The module `lightgbm`, with its messages going to the logger of that name. Starts no thread."""
    import numpy as np

    with _lock, hidden(*_UNUSED), empty(np, *COPIED):
        import lightgbm
    lightgbm.register_logger(_Messages())
    return lightgbm


@cache
def aliases() -> dict[str, str]:
    """Every name of every parameter that the library knows, to the parameter's main name."""
    found: dict[str, list[str]] = load_lightgbm().basic._ConfigAliases._get_all_param_aliases()
    return {alias: name for name, names in found.items() for alias in (name, *names)}


class _Messages:
    """What lightgbm takes for a logger. What it calls information is of interest only in a debugger."""

    def info(self, text: str) -> None:
        log.debug("%s", text)

    def warning(self, text: str) -> None:
        log.info("%s", text)
