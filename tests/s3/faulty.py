"""The way to a server, with the faults that networks and stores have."""

from __future__ import annotations

import selectors
import socket
import threading
from collections import deque
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

#: What a store says that has too much to do.
BUSY: Final = b"HTTP/1.1 503 Slow Down\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
#: Bytes that are passed on at a time.
PIECE: Final = 64 * 1024
#: How often it is looked whether all is over (seconds).
LOOK_SECONDS: Final = 0.2


@dataclass(frozen=True)
class Fault:
    """What happens on one connection."""

    #: The answer in place of the server's.
    answer: bytes = b""
    #: After so many bytes of the server's answer the connection ends.
    cut: int | None = None
    #: Nothing is ever said.
    silent: bool = False
    #: Each piece of an answer comes so much later (seconds).
    delay: float = 0.0


class Faulty:
    """Passes connections on to a port of this machine, from another. Faults come to the next connections in turn; after
    the last one all goes well again."""

    def __init__(self, port: int) -> None:
        self._to = port
        self._listening = socket.create_server(("127.0.0.1", 0))
        self._faults: deque[Fault] = deque()
        self._open: set[socket.socket] = set()
        self._over = threading.Event()
        #: How many connections there were.
        self.connections = 0

    @property
    def port(self) -> int:
        """Where it listens."""
        return int(self._listening.getsockname()[1])

    def next(self, *faults: Fault) -> None:
        """Have these come; connections that are open end, so that the next requests make new ones."""
        self._faults = deque(faults)
        for end in list(self._open):
            _end(end)

    @property
    def left(self) -> int:
        """How many faults have not come yet."""
        return len(self._faults)

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._serve)
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()
        self._thread.join()
        self._listening.close()
        for end in list(self._open):
            _end(end)

    def _serve(self) -> None:
        self._listening.settimeout(LOOK_SECONDS)
        while not self._over.is_set():
            try:
                client, _ = self._listening.accept()
            except TimeoutError:
                continue
            self.connections += 1
            fault = self._faults.popleft() if self._faults else Fault()
            threading.Thread(target=self._connection, args=(client, fault), daemon=True).start()

    def _connection(self, client: socket.socket, fault: Fault) -> None:
        with client, socket.create_connection(("127.0.0.1", self._to)) as server:
            self._open |= {client, server}
            try:
                self._pass(client, server, fault)
            except OSError:
                pass
            finally:
                self._open -= {client, server}

    def _pass(self, client: socket.socket, server: socket.socket, fault: Fault) -> None:
        left = fault.cut
        with selectors.DefaultSelector() as ready:
            ready.register(client, selectors.EVENT_READ)
            ready.register(server, selectors.EVENT_READ)
            while not self._over.is_set():
                for key, _ in ready.select(LOOK_SECONDS):
                    data = key.fileobj.recv(PIECE)  # type: ignore[union-attr]
                    if not data:
                        return
                    if fault.silent:
                        continue
                    if key.fileobj is client:
                        if fault.answer:
                            client.sendall(fault.answer)
                            return
                        server.sendall(data)
                        continue
                    self._over.wait(fault.delay)
                    client.sendall(data[:left])
                    left = None if left is None else left - len(data)
                    if left is not None and left <= 0:
                        return


def _end(end: socket.socket) -> None:
    try:
        end.shutdown(socket.SHUT_RDWR)
    except OSError:
        return
