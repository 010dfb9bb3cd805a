"""Query parameters: each is known and given once."""

from __future__ import annotations

from collections.abc import Collection

from falcon.asgi import Request

from tasks.errors import InvalidField


def single_values(req: Request, *, known: Collection[str]) -> dict[str, str]:
    """The request's query parameters. Raises InvalidField for one that is unknown or given more than once."""
    unknown = sorted(req.params.keys() - set(known))
    if unknown:
        names = ", ".join(sorted(known))
        raise InvalidField(f"unknown query parameter {unknown[0]!r}; known are: {names}").at(f"?{unknown[0]}")
    return {name: single(name, value) for name, value in req.params.items()}


def single(name: str, value: str | list[str]) -> str:
    """The value of a parameter that may be given once. Raises InvalidField."""
    if isinstance(value, list):
        raise InvalidField(f"the query parameter {name!r} is given more than once").at(f"?{name}")
    return value
