"""What runs in a Dask worker: a child process for each member of a fit.

LightGBM that waits for a member which has gone waits for ever, and nothing in its process can end that. So it runs in a
process that can be killed. Functions here are called by name, by the scheduler's leave: workers have this package.
"""

from __future__ import annotations

import socket
import subprocess
import sys
import tempfile
import threading
from contextlib import suppress
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, Final

import msgspec

#: What a child is called by, with its folder.
CHILD: Final = "tasks.cluster.child"
#: The files of a child: what it has made, and what it wrote to its standard error.
MADE, SAID = "made", "said"
#: Most characters of that which are told.
MOST_SAID: Final = 500
#: The packages that all members have in one version.
ALIKE: Final = ("mlservice", "lightgbm")


class Member:
    """A child, and what it has told since somebody last looked."""

    def __init__(self, child: subprocess.Popen[str]) -> None:
        self._child, self._lock, self._events = child, threading.Lock(), list[Any]()

    def hear(self) -> bool:
        """Listen to the child until it has made something (True), or has ended without."""
        assert self._child.stdout is not None
        # Whoever ends the child closes what is read here.
        with suppress(ValueError):
            for line in self._child.stdout:
                event = msgspec.json.decode(line)
                self.add(event)
                if "made" in event:
                    return True
        return False

    def add(self, event: Any) -> None:
        """Have an event told."""
        with self._lock:
            self._events.append(event)

    def take(self) -> list[Any]:
        """What was told. The child hears that somebody looks, without which it would end."""
        self.say("")
        with self._lock:
            events, self._events = self._events, []
        return events

    def say(self, text: str) -> None:
        """Write the child a line."""
        assert self._child.stdin is not None
        # If it has ended, its events say so.
        with suppress(OSError, ValueError):
            self._child.stdin.write(f"{text}\n")
            self._child.stdin.flush()

    @property
    def ended(self) -> bool:
        """Whether the child has ended."""
        return self._child.poll() is not None

    def end(self) -> int:
        """Kill the child. Returns how it ended."""
        self._child.kill()
        code = self._child.wait()
        for pipe in (self._child.stdin, self._child.stdout):
            assert pipe is not None
            # What could not be written is not wanted any more.
            with suppress(OSError):
                pipe.close()
        return code


#: The members in this worker, by the fit and the worker's address: several workers may be threads of one process.
_members: Final[dict[tuple[str, str], Member]] = {}


def about(dask_worker: Any) -> dict[str, str]:
    """The versions of what members have alike, and the worker's address for others (IPv4); empty if it has none."""
    from distributed.comm import get_address_host

    found = versions()
    try:
        hosts = socket.getaddrinfo(get_address_host(dask_worker.address), None, socket.AF_INET)
    except OSError:
        return {**found, "host": ""}
    return {**found, "host": str(hosts[0][4][0])}


def run_member(fit: str, files: dict[str, bytes]) -> bytes:
    """What a child makes of these files; empty if it failed, which its events tell. The child stays until `stop`, so
    that the others miss nobody."""
    from distributed import get_worker, secede

    # It takes no thread from other work meanwhile, and two fits cannot wait for each other's.
    secede()
    for key in [key for key, one in _members.items() if one.ended]:
        del _members[key]
    with tempfile.TemporaryDirectory(prefix="mlservice-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        for file, content in files.items():
            (folder / file).write_bytes(content)
        with (folder / SAID).open("wb") as said:
            child = subprocess.Popen(
                [sys.executable, "-m", CHILD, str(folder)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=said,
                text=True,
            )
        member = _members[fit, get_worker().address] = Member(child)
        if member.hear():
            return (folder / MADE).read_bytes()
        words = (folder / SAID).read_text(errors="replace").strip()
        member.add({"ended": member.end(), "said": words[-MOST_SAID:]})
        return b""


def look(fit: str, dask_worker: Any) -> list[Any] | None:
    """What the member here has told since the last look; None if there is none."""
    member = _members.get((fit, dask_worker.address))
    return None if member is None else member.take()


def go(fit: str, addresses: str, dask_worker: Any) -> None:
    """Tell the member here where all of them are."""
    _members[fit, dask_worker.address].say(addresses)


def stop(fit: str, dask_worker: Any) -> None:
    """End the member here, if there is one."""
    member = _members.pop((fit, dask_worker.address), None)
    if member is not None:
        member.end()


def versions() -> dict[str, str]:
    """Of the packages that members have alike; empty where one is not installed."""
    return {name: _version(name) for name in ALIKE}


def _version(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return ""
