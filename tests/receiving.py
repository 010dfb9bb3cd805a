"""Receivers of webhooks, for tests: they keep what they got, and answer as they are told to."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from standardwebhooks import Webhook as Checker

#: The network in which they are.
NETWORK = "127.0.0.0/8"


@dataclass
class Received:
    """A message that came."""

    headers: dict[str, str]
    body: bytes

    @property
    def id(self) -> str:
        """What it is known by."""
        return self.headers["webhook-id"]

    @property
    def type(self) -> str:
        """What it tells of."""
        return str(json.loads(self.body)["type"])

    @property
    def data(self) -> dict[str, Any]:
        """What it tells."""
        found: dict[str, Any] = json.loads(self.body)["data"]
        return found

    def check(self, secret: str) -> None:
        """Raise WebhookVerificationError unless it is signed with this secret."""
        Checker(secret).verify(self.body, self.headers)


@dataclass
class Receiver:
    """Where webhooks are sent. `answer` gives the status of each, by how many came before."""

    url: str = ""
    answer: Callable[[int], int] = lambda _: 204
    received: list[Received] = field(default_factory=list)
    #: How many have come, also those that are not answered yet.
    begun: int = 0
    #: Where the first is written down, as `body` and `headers`, if anywhere.
    kept: Path | None = None

    def of(self, kind: str) -> list[Received]:
        """Those of a type."""
        return [one for one in self.received if one.type == kind]


@contextmanager
def receiving(answer: Callable[[int], int] = lambda _: 204, **headers: str) -> Iterator[Receiver]:
    """A receiver on this machine, in threads of its own."""
    receiver = Receiver(answer=answer)

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            said = {name.lower(): value for name, value in self.headers.items()}
            before, receiver.begun = receiver.begun, receiver.begun + 1
            status = receiver.answer(before)
            receiver.received.append(Received(said, body))
            if receiver.kept is not None and not before:
                (receiver.kept / "body").write_bytes(body)
                (receiver.kept / "headers").write_text("".join(f"{name}: {value}\n" for name, value in said.items()))
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        receiver.url = f"http://127.0.0.1:{server.server_port}/hooks?from=tests"
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield receiver
        finally:
            server.shutdown()
            thread.join()
