"""One HTTP request that tells a receiver of a message."""

from __future__ import annotations

import asyncio
import socket
import ssl
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from email.utils import parsedate_to_datetime
from typing import Final, NamedTuple

import h11

from tasks.webhooks.addresses import PORTS, Address, Allowed, Target, read_url, refusal, resolve

#: Longest time for one attempt, all in all (seconds).
TIMEOUT_SECONDS: Final = 15.0
#: So much of an answer is read (bytes).
ANSWER_BYTES: Final = 64 * 1024
#: The longest pause that is kept because a receiver asks for it (seconds).
LONGEST_PAUSE: Final = 24 * 3600.0
USER_AGENT: Final = "mlservice-webhooks/1"


class Answer(NamedTuple):
    """What came of it. `pause`: the seconds that the receiver asks to wait."""

    status: int | None
    error: str = ""
    pause: float = 0.0

    @property
    def delivered(self) -> bool:
        """Whether the receiver has taken it."""
        return self.status is not None and 200 <= self.status < 300


class Sender:
    """Sends messages. Names are looked up in threads of their own, as many as there are receivers: one that is slow
    to be found holds up no other."""

    def __init__(
        self,
        allowed: Allowed,
        *,
        threads: Executor,
        timeout_seconds: float = TIMEOUT_SECONDS,
        look_up: Callable[[Target], Sequence[Address]] = resolve,
        trust: ssl.SSLContext | None = None,
    ) -> None:
        self._allowed = allowed
        self._threads = threads
        self._timeout = timeout_seconds
        self._look_up = look_up
        self._trust = trust or ssl.create_default_context()

    async def send(self, url: str, *, headers: Sequence[tuple[str, str]], payload: bytes) -> Answer:
        """Send it. Whatever goes wrong is in the answer."""
        try:
            async with asyncio.timeout(self._timeout):
                return await self._send(read_url(url), headers, payload)
        except TimeoutError:
            return Answer(None, f"no answer within {self._timeout:g} s")
        except ssl.SSLError as error:
            return Answer(None, f"TLS: {error.reason or error}")
        except socket.gaierror as error:
            return Answer(None, f"the name of the host cannot be resolved: {error.strerror}")
        except OSError as error:
            return Answer(None, f"no connection: {error.strerror or type(error).__name__}")
        except h11.RemoteProtocolError as error:
            return Answer(None, f"the answer is not HTTP: {error}")

    async def _send(self, target: Target, headers: Sequence[tuple[str, str]], payload: bytes) -> Answer:
        loop = asyncio.get_running_loop()
        found = await loop.run_in_executor(self._threads, self._look_up, target)
        fit = self._allowed.fit(found, target)
        if not fit:
            return Answer(None, f"the URL {refusal(target, found)}")
        # To that address, and to no other that the name may stand for by now.
        reader, writer = await asyncio.open_connection(
            str(fit[0]),
            target.port,
            ssl=self._trust if target.secure else None,
            server_hostname=target.host if target.secure else None,
        )
        try:
            return await _exchange(reader, writer, _request(target, headers, payload), payload)
        finally:
            writer.transport.abort()


def _request(target: Target, headers: Sequence[tuple[str, str]], payload: bytes) -> h11.Request:
    host = f"[{target.host}]" if ":" in target.host else target.host
    fields = [
        ("Host", host if target.port == PORTS[target.scheme] else f"{host}:{target.port}"),
        ("User-Agent", USER_AGENT),
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(payload))),
        ("Connection", "close"),
        *headers,
    ]
    return h11.Request(method="POST", target=target.path, headers=fields)


async def _exchange(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: h11.Request, payload: bytes
) -> Answer:
    connection = h11.Connection(our_role=h11.CLIENT)
    for part in (request, h11.Data(data=payload), h11.EndOfMessage()):
        writer.write(connection.send(part) or b"")
    await writer.drain()
    answer, read = None, 0
    while read < ANSWER_BYTES:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            data = await reader.read(ANSWER_BYTES)
            read += len(data)
            connection.receive_data(data)
        elif isinstance(event, h11.Response):
            answer = Answer(event.status_code, _said(event), _pause(event))
        elif isinstance(event, h11.EndOfMessage | h11.ConnectionClosed) or event is h11.PAUSED:
            break
    return answer or Answer(None, "the answer has no status within its first bytes")


def _said(response: h11.Response) -> str:
    """Why an answer is none that was hoped for."""
    if 300 <= response.status_code < 400:
        return "redirects are not followed: change the webhook's URL"
    return "" if 200 <= response.status_code < 300 else f"answered {response.status_code}"


def _pause(response: h11.Response) -> float:
    """The seconds that `Retry-After` names; 0 where it names none."""
    said = next((value for name, value in response.headers if name == b"retry-after"), b"")
    return min(float(said), LONGEST_PAUSE) if said.isdigit() and len(said) < 10 else time_left(said)


def time_left(date: bytes, *, clock: Callable[[], float] = time.time) -> float:
    """Seconds until a date of HTTP; 0 for what is none, or past."""
    try:
        return min(max(parsedate_to_datetime(date.decode("latin-1")).timestamp() - clock(), 0.0), LONGEST_PAUSE)
    except (ValueError, TypeError, OverflowError):
        return 0.0
