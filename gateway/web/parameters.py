"""Query parameters: each is known and given once."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Final, TypeVar

from falcon.asgi import Request

from tasks.contract import MISSING_WAYS, UNKNOWN_WAYS
from tasks.errors import InvalidField

Word = TypeVar("Word", bound=StrEnum)

#: Most entries in one page of a list, and how many if nothing is said.
PAGE_LIMIT: Final = 200
PAGE: Final = 50


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


def page_limit(text: str | None) -> int:
    """How many entries the parameter `limit` asks for. Raises InvalidField."""
    return whole_number({"limit": text} if text is not None else {}, "limit", most=PAGE_LIMIT, unsaid=PAGE)


def whole_number(given: Mapping[str, str], name: str, *, most: int, unsaid: int) -> int:
    """The whole number from 1 on that a parameter says; `unsaid` if it is not given. Raises InvalidField."""
    text = given.get(name)
    if text is None:
        return unsaid
    if not (text.isascii() and text.isdigit() and len(text) < 10 and 0 < int(text) <= most):
        raise InvalidField(f"{name} must be a whole number from 1 to {most}, not {text[:40]!r}").at(f"?{name}")
    return int(text)


def position(given: Mapping[str, str], name: str) -> int | None:
    """Where a page of numbered things begins, as `next` of the page before said. Raises InvalidField."""
    text = given.get(name)
    if text is None:
        return None
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise InvalidField(f"{name} must be what `next` of a page said").at(f"?{name}")
    return int(text)


def one_of(words: type[Word], given: Mapping[str, str], name: str) -> Word | None:
    """The one of these words that a parameter says; None if it is not given. Raises InvalidField."""
    text = given.get(name)
    try:
        return words(text) if text is not None else None
    except ValueError:
        known = ", ".join(words)
        raise InvalidField(f"{name} must be one of {known}, not {str(text)[:40]!r}").at(f"?{name}") from None


def moment(given: Mapping[str, str], name: str) -> float | None:
    """The time that a parameter says, in seconds since the epoch; None if it is not given. Raises InvalidField."""
    text = given.get(name)
    if text is None:
        return None
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        found = None
    if found is None or found.tzinfo is None:
        raise InvalidField(
            f"{name} must be a time with its zone, such as 2026-11-23T01:33:58.874Z, not {text[:40]!r}"
            " (a `+` is written %2B in a URL)"
        ).at(f"?{name}")
    return found.timestamp()


def check_ways(given: Mapping[str, str]) -> None:
    """Look at how forgiving an estimate is to be: `unknown`, `missing` and `keep`. Raises InvalidField."""
    for name, words in (("unknown", UNKNOWN_WAYS), ("missing", MISSING_WAYS)):
        if given.get(name, words[0]) not in words:
            raise InvalidField(f"{name} must be {' or '.join(words)}, not {given[name][:40]!r}").at(f"?{name}")
    if given.get("keep") == "":
        raise InvalidField("keep is empty; name columns of the rows, as in keep=id,day").at("?keep")


def force(req: Request) -> bool:
    """The query parameter `force`. Raises InvalidField."""
    return yes_or_no(single_values(req, known=("force",)), "force")


def yes_or_no(given: Mapping[str, str], name: str) -> bool:
    """Whether a parameter says `true`; it does not if it is not given. Raises InvalidField."""
    text = given.get(name, "false")
    if text not in ("true", "false"):
        raise InvalidField(f"{name} must be true or false, not {text[:40]!r}").at(f"?{name}")
    return text == "true"
