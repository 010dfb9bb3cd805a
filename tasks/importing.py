"""Imports of libraries without what they take along if it is there, and this service has no use for."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import ModuleType
from typing import Any, Final

#: What scipy and scikit-learn copy with the rest of numpy's namespace and nobody asks for: a compiler's front end and
#: tools for tests, 6 MB.
COPIED: Final = ("f2py", "testing")


@contextmanager
def hidden(*names: str) -> Iterator[None]:
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


@contextmanager
def empty(package: ModuleType, *names: str) -> Iterator[None]:
    """Let these parts of a package, which it imports when they are asked for, be empty for as long as this lasts.

    Those that are there already stay.
    """
    parts = {name: ModuleType(f"{package.__name__}.{name}") for name in names if name not in vars(package)}
    vars(package).update(parts)
    try:
        yield
    finally:
        for name, part in parts.items():
            if vars(package).get(name) is part:
                delattr(package, name)


def load_redis() -> None:
    """Import redis-py without OpenTelemetry, of which it takes 3 MB of each process where it is installed.

    That is for metrics of redis-py's own, which nobody has asked for (findings/redis-imports-opentelemetry.sh); the
    service's traces load what they need.
    """
    with hidden("opentelemetry"):
        import redis  # noqa: F401


def load_celery() -> None:
    """Import redis-py so, and what of Celery and kombu takes psutil and PyYAML along where they are there, 1.6 MB: to
    say how much memory a process has, and to read messages that no worker takes."""
    load_redis()
    with hidden("psutil", "yaml"):
        import celery.utils.debug  # noqa: F401
        import kombu.serialization  # noqa: F401
