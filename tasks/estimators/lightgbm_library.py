"""The lightgbm package, imported without what this service has no use for."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any, Final

log = logging.getLogger("lightgbm")

#: What lightgbm imports if it is there, for interfaces that are not used here. With scikit-learn installed its
#: import takes 2.1 s and 122 MB, without 0.34 s and 53 MB.
_UNUSED: Final = ("sklearn", "pandas")
_lock = Lock()


@cache
def load_lightgbm() -> Any:
    """The module `lightgbm`, with its messages going to the logger of that name. Starts no thread."""
    with _lock, _hidden(_UNUSED):
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


@contextmanager
def _hidden(names: tuple[str, ...]) -> Iterator[None]:
    """Make an import of these packages fail, for as long as this lasts; None in sys.modules is Python's way to."""
    modules: dict[str, Any] = sys.modules
    before = {name: modules[name] for name in names if name in modules}
    modules.update(dict.fromkeys(names))
    try:
        yield
    finally:
        for name in names:
            del modules[name]
        modules.update(before)
