"""Asking the supervisor of a running service."""

from __future__ import annotations

import http.client
import socket
import xmlrpc.client
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tasks.errors import Unavailable

#: Longest wait for its answer.
TIMEOUT_SECONDS: Final = 5.0


@dataclass(frozen=True, kw_only=True)
class ProgramState:
    """What the supervisor says of one program."""

    name: str
    #: RUNNING, EXITED, STOPPED, ...
    state: str
    #: 0 if it does not run.
    pid: int
    #: Seconds since its start.
    seconds: int


class Supervisor:
    """The supervisor whose socket is in this folder. Each call raises Unavailable if it does not answer."""

    def __init__(self, sockets: Path) -> None:
        self._path = str(sockets / "supervisor.sock")

    def states(self) -> list[ProgramState]:
        """The state of each program."""
        return [
            ProgramState(
                name=info["name"],
                state=info["statename"],
                pid=info["pid"],
                seconds=max(0, info["now"] - info["start"]) if info["pid"] else 0,
            )
            for info in self._call("getAllProcessInfo")
        ]

    def start(self, group: str, name: str) -> None:
        """Start a program that was left for later."""
        self._call("startProcess", f"{group}:{name}", False)

    def stop(self, group: str, name: str) -> None:
        """Have a program end; returns before it has."""
        self._call("stopProcess", f"{group}:{name}", False)

    def signal(self, group: str, name: str, *, signal: str) -> None:
        """Send a signal to a program's first process."""
        self._call("signalProcess", f"{group}:{name}", signal)

    def _call(self, method: str, *arguments: Any) -> Any:
        transport = _UnixTransport(self._path)
        try:
            with xmlrpc.client.ServerProxy("http://localhost", transport=transport) as proxy:
                return getattr(proxy.supervisor, method)(*arguments)
        except (OSError, http.client.HTTPException, xmlrpc.client.Error) as error:
            raise Unavailable(f"the supervisor does not answer: {error}") from error


class _UnixTransport(xmlrpc.client.Transport):
    def __init__(self, path: str) -> None:
        super().__init__()
        self._path = path

    def make_connection(self, host: Any) -> http.client.HTTPConnection:
        connection = _UnixConnection(self._path)
        # Where the base class looks for what it has to close.
        self._connection = (host, connection)
        return connection


class _UnixConnection(http.client.HTTPConnection):
    def __init__(self, path: str) -> None:
        super().__init__("localhost", timeout=TIMEOUT_SECONDS)
        self._path = path

    def connect(self) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(TIMEOUT_SECONDS)
        self.sock.connect(self._path)
