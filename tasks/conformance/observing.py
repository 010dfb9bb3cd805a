"""Files that are written and connections that are made while the estimator's code runs, by Python's audit events."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from tasks.conformance.remarks import Remark, fault, warning

#: Flags with which a file is opened to be changed.
WRITING: Final = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_APPEND
#: Events that change what their first argument names.
CHANGING: Final = frozenset(
    {"os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.truncate", "os.link", "os.symlink", "sqlite3.connect"}
)
#: Events of who speaks to another machine, or asks for its address.
SPEAKING: Final = frozenset({"socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto"})
#: Where anybody may write: what is written there changes nothing.
DEVICES: Final = Path("/dev")
#: Where Python keeps modules that it has compiled.
CACHE: Final = "__pycache__"
#: Most places that one remark names.
MOST_NAMED: Final = 3


class Observer:
    """What the code of this process does while it is watched. Cannot be taken away again: a process has one.

    `allowed`: folders in which it may write.
    """

    def __init__(self, allowed: Sequence[Path]) -> None:
        self._allowed = [folder.resolve() for folder in allowed]
        self._written: dict[str, None] | None = None
        self._spoken: dict[str, None] = {}
        sys.addaudithook(self._hear)

    @contextmanager
    def watching(self, *, at_import: bool = False) -> Iterator[list[Remark]]:
        """Watch; at the end the list has what was found."""
        found: list[Remark] = []
        self._written, self._spoken = {}, {}
        try:
            yield found
        finally:
            written, self._written = self._written, None
            found += _remarks(list(written), list(self._spoken), at_import=at_import)

    def _hear(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._written is None:
            return
        if event in SPEAKING:
            address = arguments[1] if event in ("socket.connect", "socket.sendto") else arguments[0]
            # Text is the path of a socket of this machine's.
            if not (event == "socket.connect" and isinstance(address, (str, bytes))):
                self._spoken[_shown(address)] = None
        elif event in CHANGING or (event == "open" and _changes(arguments)):
            path = _path(arguments[0])
            if path is not None and not self._may(path):
                self._written[str(path)] = None

    def _may(self, path: Path) -> bool:
        # What Python itself writes is not the estimator's doing.
        return CACHE in path.parts or any(path.is_relative_to(folder) for folder in (*self._allowed, DEVICES))


def _shown(address: Any) -> str:
    """Host and port, or whatever names a machine."""
    return ":".join(map(str, address[:2])) if isinstance(address, tuple) else str(address)


def _changes(arguments: tuple[Any, ...]) -> bool:
    _, mode, flags = arguments
    return bool((isinstance(mode, str) and set(mode) & set("wax+")) or (isinstance(flags, int) and flags & WRITING))


def _path(given: Any) -> Path | None:
    """The file that an event names; None for an open file and for one in memory."""
    if not isinstance(given, (str, bytes, os.PathLike)) or given in (":memory:", ""):
        return None
    return Path(os.fsdecode(given)).resolve()


def _remarks(written: list[str], spoken: list[str], *, at_import: bool) -> Iterator[Remark]:
    if spoken:
        yield (fault if at_import else warning)(
            f"it speaks to {_listed(spoken)}{' while it is imported' if at_import else ''}",
            "without that machine no worker could use it: load such things in a script of yours, and put them into the"
            " model"
            if at_import
            else "each train or estimate waits for that machine, and fails with it; set a time-out, or do without",
        )
    if written:
        yield fault(
            f"it writes {_listed(written)}",
            "workers share files with nobody, and may not write there: return what is to stay from dump, and use the"
            " tempfile module for the rest",
        )


def _listed(names: list[str]) -> str:
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    return ", ".join(names[:MOST_NAMED]) + more
