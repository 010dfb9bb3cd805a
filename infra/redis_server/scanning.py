"""Reads an append-only file as Valkey does, and finds where it is damaged.

A file of commands is a row of arrays of strings in Redis' protocol (RESP), and of lines that begin with `#`. What one
script or transaction did stands between MULTI and EXEC, and is taken whole or not at all.
"""

from __future__ import annotations

import mmap
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ARRAY: Final = re.compile(rb"\*(\d{1,10})\r\n")
STRING: Final = re.compile(rb"\$(\d{1,10})\r\n")
REMARK: Final = re.compile(rb"#[^\r\n]{0,1024}\r\n")
#: Where a command may begin after what cannot be read.
COMMAND: Final = re.compile(rb"\*\d{1,10}\r\n\$\d{1,10}\r\n")
#: What is left of the beginning of a command at the end of a file that was not written whole.
BROKEN_LINE: Final = re.compile(rb"[*$]\d{0,10}\r?|#[^\r\n]{0,1024}\r?|\r?")
#: Longest line that says a length (bytes).
LINE_BYTES: Final = 1032
MULTI: Final = b"*1\r\n$5\r\nMULTI\r\n"
EXEC: Final = b"*1\r\n$4\r\nEXEC\r\n"
#: So much of a file's end is looked at first, and then so much (bytes).
GLANCES_BYTES: Final = (2**20, 64 * 2**20)
#: So many places in it are tried as the beginning of a command.
PLACES: Final = 16
#: So many bytes are looked at together for zeros.
CHUNK_BYTES: Final = 2**20
#: So many whole commands in a row are no accident, within a string that holds commands.
ROW: Final = 3

#: The bytes of a file: what a mapped file and bytes have in common.
Bytes = mmap.mmap | bytes


@dataclass(frozen=True, kw_only=True)
class Reading:
    """How far a file could be read. All are offsets in bytes."""

    #: The end of the last command, or transaction, that is whole.
    good: int
    #: Where reading stopped.
    stopped: int
    #: True if the file ends within what was read then: all of it could be the beginning of a command.
    short: bool
    #: The end of the first EXEC without its MULTI; 0 if there is none.
    stray_exec: int
    #: How many commands were read.
    commands: int
    #: Whether an end of a transaction was seen: what comes after it is in none that began before.
    settled: bool


@contextmanager
def mapped(path: Path) -> Iterator[Bytes]:
    """The bytes of a file, which are read as they are needed. Raises OSError."""
    with path.open("rb") as file:
        if not path.stat().st_size:
            yield b""
            return
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            yield data


def read(data: Bytes, start: int, end: int, *, most: int = 0) -> Reading:
    """Read commands from `start` as far as they can be read, at most up to `end`, and at most so many; 0: all."""
    at = good = start
    opened = short = settled = False
    stray = commands = 0
    while at < end and not (most and commands >= most):
        after = _command(data, at, end)
        if after < 0:
            short = after == _SHORT
            break
        if after - at == len(MULTI) and data[at:after].upper() == MULTI:
            opened = True
        elif after - at == len(EXEC) and data[at:after].upper() == EXEC:
            if not opened and not stray:
                stray = after
            opened, settled = False, True
        at, commands = after, commands + 1
        if not opened:
            good = at
    return Reading(
        good=good,
        stopped=at,
        short=short or (opened and at == end),
        stray_exec=stray,
        commands=commands,
        settled=settled,
    )


def read_end(data: Bytes, end: int) -> Reading:
    """Read the last commands before `end`: from a place near it that is a command's beginning for sure, else from 0.

    A string of the last command that holds commands itself may be taken for such a place if that was not written whole;
    what is good is then too much by a part of a command, which Valkey leaves out itself.
    """
    for glance in GLANCES_BYTES:
        places = COMMAND.finditer(data, max(0, end - glance), end) if end > glance else iter(())
        for _, place in zip(range(PLACES), places, strict=False):
            found = read(data, place.start(), end)
            if found.settled and (found.short or found.good == end):
                return found
    return read(data, 0, end)


def end_without_zeros(data: Bytes) -> int:
    """Where the zeros begin in which a file ends; its size if it does not."""
    end = len(data)
    while end:
        begin = max(0, end - CHUNK_BYTES)
        left = len(data[begin:end].rstrip(b"\0"))
        if left:
            return begin + left
        end = begin
    return 0


def resume(data: Bytes, start: int, end: int) -> int:
    """Where commands can be read again at or after `start`, in which something cannot; `end` if nowhere."""
    for place in COMMAND.finditer(data, start, end):
        found = read(data, place.start(), end, most=ROW)
        if found.commands < ROW and found.stopped != end:
            continue
        # Half a transaction is none.
        whole = read(data, place.start(), end, most=_TRANSACTION)
        return whole.stray_exec or place.start()
    return end


#: So many commands are looked through for the end of a transaction whose beginning is lost.
_TRANSACTION: Final = 100_000
#: What `_command` finds instead of an end: the file ends before it, or this is no command.
_SHORT: Final = -1
_NONE: Final = -2


def _command(data: Bytes, at: int, end: int) -> int:
    """The end of the command or remark that begins at `at`."""
    array = ARRAY.match(data, at, end)
    if array is None:
        remark = REMARK.match(data, at, end)
        return remark.end() if remark else _broken(data, at, end)
    at = array.end()
    for _ in range(int(array[1])):
        string = STRING.match(data, at, end)
        if string is None:
            return _broken(data, at, end)
        at = string.end() + int(string[1]) + 2
        if at > end:
            return _SHORT
        if data[at - 2 : at] != b"\r\n":
            return _NONE
    return at if int(array[1]) else _NONE


def _broken(data: Bytes, at: int, end: int) -> int:
    return _SHORT if end - at < LINE_BYTES and BROKEN_LINE.fullmatch(data, at, end) else _NONE
