"""Estimates that are asked for as others were before, without the app: accepted, and answered by whoever hears of it.

The app takes 50 us of processor time to find out what such a request asks for, and to wake up when its answer is there.
It still gets every request that is unlike others, and every one that does not end well or soon: with its caller, who is
admitted, and with what has become of it so far.
"""

from __future__ import annotations

import asyncio
from typing import Final, Protocol

from gateway.commit.dispatch import Dispatcher
from gateway.commit.gathering import Item, Ticket
from gateway.commit.known_requests import Known, KnownRequests, plain_fields
from gateway.commit.submitted import Submitted
from gateway.commit.waiting import PATIENCE_SECONDS, Expected, Waiting
from gateway.serving.fast_answers import Frame, accepted_answer, result_answer
from tasks.contract import State
from tasks.ledger.groups import Head, parse_handle
from tasks.ledger.outcomes import Outcome, Reply

#: Longest body that is taken here (bytes).
BODY_BYTES: Final = 65_536


Headers = list[tuple[bytes, bytes]]


class Caller(Protocol):
    """The connection over which a request came."""

    def frame(self, request: FastRequest) -> Frame:
        """What is added to its answer."""
        ...

    def answer(self, request: FastRequest, data: bytes) -> None:
        """Send the whole answer."""
        ...

    def go_on(self, request: FastRequest, submitted: Submitted) -> None:
        """Have the app answer."""
        ...


class FastPath:
    """What the fast requests of one process share."""

    def __init__(
        self,
        known: KnownRequests,
        dispatcher: Dispatcher,
        waiting: Waiting,
        *,
        longest: int = BODY_BYTES,
        root: str = "",
    ) -> None:
        """`longest`: of a body that is allowed (bytes); those above BODY_BYTES are not taken in any case. `root`: the
        service's root path, which addresses in answers begin with."""
        self.longest = min(longest, BODY_BYTES)
        self.root = root
        self.known = known
        self.dispatcher = dispatcher
        self._waiting = waiting

    def take(self, caller: Caller, url: bytes, headers: Headers) -> FastRequest | None:
        """The request with this target and header, if it is like one before; its body is to come."""
        fields = plain_fields(headers)
        if fields is None or self._waiting.leaving or not self._is_short(fields.get(b"content-length")):
            return None
        known = self.known.find(url, fields)
        if known is None:
            return None
        return FastRequest(self, caller, known, known.renewed(known.head, fields), url=url, headers=headers)

    def _is_short(self, length: bytes | None) -> bool:
        """Whether a body has a length that is known, and is short."""
        return length is not None and length.isdigit() and int(length) <= self.longest


class FastRequest:
    """One request, from its header to its answer; in the eyes of uvicorn, the cycle of a request and its answer."""

    def __init__(
        self, path: FastPath, caller: Caller, known: Known, head: Head, *, url: bytes, headers: Headers
    ) -> None:
        self._path = path
        self._caller = caller
        self.known = known
        self.url = url
        self.headers = headers
        self._head = head
        self._ticket: Ticket | None = None
        self._since = 0.0
        self._timer: asyncio.TimerHandle | None = None
        # What uvicorn reads and sets of a cycle.
        self.body = bytearray()
        self.more_body = True
        self.keep_alive = True
        self.disconnected = False
        self.response_complete = False
        self.message_event = self

    def set(self) -> None:
        """Called by uvicorn for who waits for the body, or for the end of the connection: here nobody does."""

    def start(self) -> None:
        """The body is there: submit it."""
        known = self.known
        waits = known.seconds is not None
        item = Item(self._head, bytes(self.body), self, waits, known.principal.quota.queued_items)
        try:
            self._path.dispatcher.gather(known.lane, item)
        except Exception as error:
            self.set_exception(error)

    def done(self) -> bool:
        """Whether nothing more is to be told: it always is."""
        return False

    def set_exception(self, error: Exception) -> None:
        """It was not accepted."""
        if not self.disconnected:
            self._caller.go_on(self, Submitted(error=error))

    def set_result(self, ticket: Ticket) -> None:
        """It was accepted."""
        if self.disconnected:
            return
        known = self.known
        if known.seconds is None:
            model, root, frame = known.head.model, self._path.root, self._caller.frame(self)
            self._caller.answer(self, accepted_answer(ticket.handle, model=model, root=root, frame=frame))
        elif ticket.reply is None:
            self._caller.go_on(self, Submitted(ticket))
        else:
            loop = asyncio.get_running_loop()
            self._ticket, self._since = ticket, loop.time()
            if ticket.reply.listen(self._hear) and known.seconds < PATIENCE_SECONDS:
                self._timer = loop.call_later(known.seconds, self._lose_patience, ticket.reply)

    def _hear(self, reply: Reply | None) -> None:
        """The work has ended; or the process will, which the app has words for."""
        if self._timer is not None:
            self._timer.cancel()
        ticket, known, seconds = self._ticket, self.known, self.known.seconds
        if self.disconnected or ticket is None or seconds is None:
            return
        _, index = parse_handle(ticket.handle)
        # Of a reply that is too short the app says what is wrong.
        outcome = reply.outcomes[index] if reply is not None and index < len(reply.outcomes) else None
        if outcome is None or not _is_plain(outcome) or not self._path.known.is_admitted(known):
            waited = asyncio.get_running_loop().time() - self._since
            self._caller.go_on(self, Submitted(ticket, waited=waited))
            return
        root, frame, preferred = self._path.root, self._caller.frame(self), seconds if known.prefers else None
        self._caller.answer(self, result_answer(outcome, ticket.handle, preferred=preferred, root=root, frame=frame))

    def _lose_patience(self, expected: Expected) -> None:
        expected.leave(self._hear)
        self._hear(None)


def _is_plain(outcome: Outcome) -> bool:
    """Whether all that is to be said of how it ended is the body."""
    return outcome.state is State.SUCCEEDED and not outcome.reference and not outcome.notes
