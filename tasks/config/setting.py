"""One setting, and a group of them that one part of the service is told."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Final

from tasks.config.values import variable
from tasks.errors import SettingsError

#: Numbers are below this: JSON and Lua have no larger whole numbers.
TOO_LARGE: Final = 2**53


def setting(default: object, *, doc: str, secret: bool = False, env: str | None = None, zero: bool = False) -> Any:
    """A field of an area. `doc` is its meaning for users; `zero`: 0 is allowed, and means what `doc` says.

    `env`: the variable that gives it, where it is not MLSERVICE_ and its name.
    """
    return field(default=default, repr=not secret, metadata={"doc": doc, "env": env, "zero": zero})


@dataclass(frozen=True, kw_only=True)
class Area:
    """Settings that belong together. Each area says which values are refused."""

    def check(self) -> None:
        """Raise SettingsError, which names the variable, for the first value that is out of range."""


def check_numbers(settings: Area) -> None:
    """Raise SettingsError, which names the variable, for a number that is out of range."""
    for f in fields(settings):
        value, zero = getattr(settings, f.name), f.metadata["zero"]
        if isinstance(value, bool):
            continue
        if isinstance(value, float) and not zero and not 0 < value < TOO_LARGE:
            raise SettingsError(f"{variable(f.name, f.metadata['env'])} must be greater than 0, not {value}")
        if isinstance(value, int) and not (0 if zero else 1) <= value < TOO_LARGE:
            floor = 0 if zero else 1
            raise SettingsError(f"{variable(f.name, f.metadata['env'])} must be at least {floor}, not {value}")
