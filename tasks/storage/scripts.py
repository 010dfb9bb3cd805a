"""Scripts that Redis runs as one step, in files of Lua beside the wing that calls them.

A file says what its KEYS and ARGV are and what it returns. A line `-- include: PATH` stands for the text of another
file: once in a script however often it is asked for; but where the line is indented, in a function, there in any case.
Paths are those of the source tree: `tasks/ledger/lua/accept.lua`.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final, NamedTuple

import redis
from redis.commands.core import Script

#: Where the packages lie.
ROOT: Final = Path(__file__).parents[2]
#: What comes before the path of another file.
INCLUDE: Final = "-- include: "


def register(client: redis.Redis, path: str) -> Script:
    """A script that runs where this client is connected, which is sent to Redis if Redis does not know it."""
    return client.register_script(script(path))


class Line(NamedTuple):
    """A line of a script, and where it stands: the file's path and the line's number, from 1."""

    text: str
    path: str
    number: int


@cache
def script(path: str) -> str:
    """The text of a script, with what it includes; each file is read once. Raises OSError if there is none."""
    return "".join(f"{line.text}\n" for line in lines(path))


def lines(path: str) -> Iterator[Line]:
    """The lines of a script, with what it includes."""
    return _joined(path, set())


def _joined(path: str, seen: set[str]) -> Iterator[Line]:
    seen.add(path)
    for number, text in enumerate(read(path).splitlines(), 1):
        margin, include, included = text.partition(INCLUDE)
        if not include or margin.strip():
            yield Line(text, path, number)
        elif margin or included not in seen:
            yield from _joined(included, seen)


@cache
def read(path: str) -> str:
    """The text of one file."""
    return (ROOT / path).read_text(encoding="utf-8")
