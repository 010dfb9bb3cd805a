"""Mends an append-only file: what cannot be read is taken out, and kept beside it."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

from infra.host.home import Home
from infra.redis_server.append_only import current
from infra.redis_server.scanning import Bytes, Reading, end_without_zeros, mapped, read, read_end, resume
from tasks.errors import Conflict
from tasks.telemetry.logs import event, json_line

#: Where what is taken out is kept, in Valkey's folder.
KEPT: Final = "damaged"
#: No command, and no transaction, is longer than this (bytes): if more than that cannot be read at a file's end, it is
#: more than what was being written when the power went.
LONGEST_BYTES: Final = 256 * 2**20
#: So much is copied at once (bytes).
CHUNK_BYTES: Final = 2**20


@dataclass(frozen=True, kw_only=True)
class Damage:
    """What cannot be read in a file. Offsets and sizes are in bytes."""

    path: Path
    #: All before this is whole.
    offset: int
    #: From here on it can be read again; the file's size if it cannot.
    resumed: int
    size: int
    #: In how many zeros the file ends.
    zeros: int
    #: Whether it is what a power cut leaves: a command that was not written whole, zeros, or both, and nothing after.
    torn: bool

    def __str__(self) -> str:
        lost = self.resumed - self.offset
        if not self.torn:
            return f"{self.path.name}: {lost:,} of {self.size:,} bytes cannot be read, from byte {self.offset:,} on"
        half = lost - self.zeros
        what = [f"{half:,} bytes of a command that was not written whole"] * (half > 0)
        what += [f"{self.zeros:,} zeros"] * (self.zeros > 0)
        return f"{self.path.name}: it ends in {' and '.join(what)}, from byte {self.offset:,} on"


def mend(home: Home) -> None:
    """`mend_end`, before Valkey starts; what was done is said on standard error and in Valkey's log."""
    for line in mend_end(home.redis):
        print(f"mlservice: {line}", file=sys.stderr, flush=True)
        with (home.logs / "valkey.log").open("a") as log:
            log.write(json_line(event(time.time(), "warning", "up", logger=__name__, message=line)) + "\n")


def damages(path: Path) -> Iterator[Damage]:
    """All damage in a file of commands, from its beginning to its end, all of which is read. Raises OSError."""
    start, size = 0, path.stat().st_size
    with mapped(path) as data:
        while start < size and (found := _damage(path, data, read(data, start, end_without_zeros(data)))):
            yield found
            start = found.resumed


def mend_end(data: Path) -> list[str]:
    """Cut from the end of Valkey's files what a power cut leaves there; what was cut, and where it is kept.

    Reads the end of the last file, as a rule not all of it. Raises Conflict if the damage is another one, and OSError.
    """
    path = current(data)
    if path is None or not path.exists():
        return []
    with mapped(path) as content:
        found = torn_end(path, content)
    return [f"{found}; cut, and kept in {cut(found, data)}"] if found else []


def torn_end(path: Path, data: Bytes) -> Damage | None:
    """What a power cut, or a write that goes on, leaves at a file's end. Raises Conflict for another damage."""
    found = _damage(path, data, read_end(data, end_without_zeros(data)))
    if found and not found.torn:
        raise Conflict(f"{found}: `mlservice repair` says what can be saved")
    return found


def cut(found: Damage, data: Path) -> Path:
    """End the file before the damage; where what came after is kept. Raises OSError; the file is then as it was."""
    kept = _place(found.path, data, offset=found.offset)
    with found.path.open("r+b") as file:
        with kept.open("xb") as copy:
            kept.chmod(0o600)
            _copy(file, copy, found.offset, found.size - found.zeros)
            copy.truncate(found.size - found.offset)
            _settle(copy)
        file.truncate(found.offset)
        _settle(file)
    return kept


def leave_out(found: Sequence[Damage], data: Path) -> Path:
    """Take what is damaged out of a file, and keep all else in it; where the file as it was is kept.

    `found`: all damage of that file, in order. Raises OSError; the file is then as it was.
    """
    path = found[0].path
    kept = _place(path, data)
    mended = path.with_suffix(".mended")
    ends = [*(harm.offset for harm in found), found[0].size]
    begins = [0, *(harm.resumed for harm in found)]
    with path.open("rb") as source, mended.open("wb") as file:
        for begin, end in zip(begins, ends, strict=True):
            _copy(source, file, begin, end)
        _settle(file)
    os.link(path, kept)
    mended.replace(path)
    return kept


def _damage(path: Path, data: Bytes, found: Reading) -> Damage | None:
    size, end = len(data), end_without_zeros(data)
    if found.good == size:
        return None
    rest = resume(data, found.stopped + 1, end)
    torn = rest == end and (found.short or found.good == end) and size - found.good <= LONGEST_BYTES + size - end
    resumed = size if rest == end else rest
    return Damage(
        path=path, offset=found.good, resumed=resumed, size=size, zeros=size - max(end, found.good), torn=torn
    )


def set_aside(path: Path, data: Path) -> Path:
    """Leave an empty file in place of one; where that one is kept. Raises OSError."""
    kept = _place(path, data)
    path.rename(kept)
    path.touch(mode=0o600)
    return kept


def _place(path: Path, data: Path, *, offset: int = 0) -> Path:
    folder = data / KEPT
    folder.mkdir(mode=0o700, exist_ok=True)
    return folder / f"{path.name}.{offset}.{time.time_ns()}"


def _copy(source: BinaryIO, target: BinaryIO, begin: int, end: int) -> None:
    source.seek(begin)
    left = end - begin
    while left > 0 and (chunk := source.read(min(left, CHUNK_BYTES))):
        target.write(chunk)
        left -= len(chunk)


def _settle(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())
