"""What an administrator asks an account to be: the fields of a request, checked."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from gateway.identity.quotas import LIMITS
from tasks.errors import InvalidField
from tasks.formatting import meant

#: What may be said of an account when it is made and later, and of a token.
NEW: Final = ("name", "password", "scopes", "limits")
LATER: Final = ("password", "scopes", "disabled", "limits")
TOKEN: Final = ("scopes",)


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """What was said; None where nothing was. Whether names, passwords and scopes are good is not looked at."""

    name: str | None = None
    password: str | None = None
    scopes: tuple[str, ...] | None = None
    disabled: bool | None = None
    limits: dict[str, int | None] | None = None


def read_account(body: Any, *, known: Sequence[str]) -> Asked:
    """What a JSON object says. Raises InvalidField, which names the field."""
    if not isinstance(body, Mapping):
        raise InvalidField('the body must be a JSON object, such as {"scopes": ["estimate"]}').at("")
    for name in body:
        if name not in known:
            raise InvalidField(f"there is no field {str(name)[:80]!r}: {meant(name, known)}").at(f"/{str(name)[:80]}")
    readers: dict[str, Callable[[str, Any], Any]] = {
        "name": _text,
        "password": _text,
        "scopes": _scopes,
        "disabled": _disabled,
        "limits": _limits,
    }
    return Asked(**{name: readers[name](name, value) for name, value in body.items()})


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise InvalidField(f"{name} must be a text").at(f"/{name}")
    return value


def _scopes(name: str, value: Any) -> tuple[str, ...]:
    if not (isinstance(value, list) and all(isinstance(scope, str) for scope in value)):
        raise InvalidField("scopes must be a list of names of scopes").at(f"/{name}")
    return tuple(value)


def _disabled(name: str, value: Any) -> bool:
    if not isinstance(value, bool):
        raise InvalidField("disabled must be true or false").at(f"/{name}")
    return value


def _limits(name: str, value: Any) -> dict[str, int | None]:
    if not isinstance(value, dict):
        raise InvalidField(f'limits must be an object, such as {{"{LIMITS[0]}": 100}}').at(f"/{name}")
    for limit, number in value.items():
        if limit not in LIMITS:
            raise InvalidField(f"there is no limit {limit[:80]!r}: {meant(limit, LIMITS)}").at(f"/{name}/{limit[:80]}")
        if number is not None and type(number) is not int:
            raise InvalidField(f"{limit} must be a whole number, or null for what the settings say").at(
                f"/{name}/{limit}"
            )
    return dict(value)
