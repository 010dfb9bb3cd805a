"""What the query of a submit says."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Final

from falcon.asgi import Request

from gateway.web.parameters import check_ways, single, single_values
from tasks.contract import ALIAS, SAFE, Kind, Lane
from tasks.errors import InvalidField
from tasks.ledger.telling import ASKED

#: The query parameters of every kind.
EVERY_KIND: Final = frozenset({"lane", "deadline"})
#: The query parameters that each kind reads beside those.
PARAMETERS: Final = {
    Kind.INIT: frozenset({"target", "estimator", "options", "sheet", "replace", "append", "dry_run", "upload", ASKED}),
    Kind.TRAIN: frozenset({ASKED}),
    Kind.ESTIMATE: frozenset(
        {"version", "explain", "spreadsheet", "sheet", "unknown", "missing", "keep", "interval", ASKED}
    ),
}
#: Those that are true or false, and false where they are not given.
FLAGS: Final = frozenset({"explain", "replace", "append", "dry_run"})
#: The latest deadline (seconds), some three years.
LATEST_SECONDS: Final = 99_999_999
_NUMBER: Final = re.compile(r"[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?", re.ASCII)


def query_of(req: Request, *, known: Collection[str]) -> dict[str, str]:
    """What the worker reads of the query, of these parameters. Raises InvalidField."""
    given = single_values(req, known={*known, *EVERY_KIND}) if req.params else {}
    given = {name: value for name, value in given.items() if name not in EVERY_KIND}
    version = given.get("version")
    if version is not None and not names_version(version):
        raise InvalidField(f"version must be a positive whole number or an alias, not {version[:40]!r}").at("?version")
    for name in FLAGS & given.keys():
        if given[name] not in ("true", "false"):
            raise InvalidField(f"{name} must be true or false, not {given[name][:40]!r}").at(f"?{name}")
        if given[name] == "false":
            del given[name]
    spreadsheet = given.get("spreadsheet")
    if spreadsheet not in (None, SAFE):
        raise InvalidField(f"spreadsheet must be {SAFE}, or be left out, not {spreadsheet[:40]!r}").at("?spreadsheet")
    interval = given.get("interval")
    if interval is not None and not (_NUMBER.fullmatch(interval) and 0 < float(interval) < 1):
        raise InvalidField(f"interval must be a number between 0 and 1, such as 0.9, not {interval[:40]!r}").at(
            "?interval"
        )
    check_ways(given)
    return given


def lane_of(req: Request) -> Lane:
    """The lane that the query names. Raises InvalidField."""
    name = single("lane", req.params.get("lane", Lane.NORMAL.value))
    try:
        return Lane(name)
    except ValueError:
        lanes = ", ".join(lane.value for lane in Lane)
        raise InvalidField(f"lane must be one of {lanes}, not {name[:40]!r}").at("?lane") from None


def names_version(text: str) -> bool:
    """Whether it is a version's number, or may be an alias."""
    number = text.isascii() and text.isdigit() and len(text) < 11 and 0 < int(text) < 2**31
    return number or ALIAS.fullmatch(text) is not None


def deadline_seconds(req: Request) -> float | None:
    """In how many seconds the work is no longer wanted; None if nothing is said. Raises InvalidField."""
    text = req.params.get("deadline")
    if text is None:
        return None
    text = single("deadline", text)
    seconds = float(text) if _NUMBER.fullmatch(text) else 0.0
    if not 0 < seconds <= LATEST_SECONDS:
        raise InvalidField(
            f"deadline must be a number of seconds, greater than 0 and at most {LATEST_SECONDS}, not {text[:40]!r}"
        ).at("?deadline")
    return seconds
