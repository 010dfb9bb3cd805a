"""What uvicorn's connection does not do by itself: requests that need no app, and the end of the process."""

from __future__ import annotations

import asyncio
import urllib.parse
from typing import Any, Final, cast

from uvicorn._types import HTTPScope
from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from gateway.commit.submitted import SUBMITTED, Submitted
from gateway.identity.auth import ADMITTED
from gateway.serving.fast_answers import Frame
from gateway.serving.fast_path import FastPath, FastRequest, Headers

#: A process that ends keeps an idle connection so long, because NGINX may be sending on it (seconds).
IDLE_SECONDS: Final = 1.0


class Connection(HttpToolsProtocol):
    """A connection that takes fast requests itself, and answers once more what is sent while the process ends.

    The app that it is given has a `fast_path`.
    """

    _leaving = False
    #: Since when there has been no request after a fast one (seconds of the loop); None while there is one.
    _resting_since: float | None = None
    _resting: asyncio.TimerHandle | None = None

    def __init__(self, config: Config, *args: Any, **kwargs: Any) -> None:
        super().__init__(config, *args, **kwargs)
        self._fast_path: FastPath = cast(Any, self.app).fast_path

    def shutdown(self) -> None:
        """Close after the next answer, or after a while without a request."""
        if self.cycle is None or self.cycle.response_complete:
            self._leaving = True
            self._unset_keepalive_if_required()
            self.timeout_keep_alive_task = self.loop.call_later(IDLE_SECONDS, self.timeout_keep_alive_handler)
        else:
            super().shutdown()

    def connection_lost(self, exc: Exception | None) -> None:
        """The connection has ended."""
        if self._resting is not None:
            self._resting.cancel()
        super().connection_lost(exc)

    def on_message_begin(self) -> None:
        """A request begins. Its scope is made when it is known to need one."""
        self.url, self.headers, self.expect_100_continue = b"", [], False
        self._resting_since = None

    def on_headers_complete(self) -> None:
        """The header of a request has come."""
        request = self._fast_request()
        if request is not None:
            self.cycle = cast(RequestResponseCycle, request)
            return
        self._make_scope(self.headers)
        super().on_headers_complete()
        if self._leaving and self.cycle is not None:
            self.cycle.keep_alive = False

    def on_message_complete(self) -> None:
        """All of a request has come."""
        cycle: Any = self.cycle
        if isinstance(cycle, FastRequest):
            cycle.start()
        else:
            super().on_message_complete()

    def frame(self, request: FastRequest) -> Frame:
        """What is added to the answer of a fast request."""
        return Frame(self.server_state.default_headers, closes=not request.keep_alive)

    def answer(self, request: FastRequest, data: bytes) -> None:
        """Send the answer of a fast request."""
        request.response_complete = True
        self.transport.write(data)
        if not request.keep_alive:
            self.transport.close()
        if self.pipeline or not request.keep_alive:
            self.on_response_complete()
            return
        self.server_state.total_requests += 1
        self._resting_since = self.loop.time()
        if self._resting is None:
            self._resting = self.loop.call_later(self.timeout_keep_alive, self._rest)

    def go_on(self, request: FastRequest, submitted: Submitted) -> None:
        """Have the app answer a request that was a fast one so far."""
        cycle = RequestResponseCycle(
            scope=self._scope(request, submitted),
            transport=self.transport,
            flow=self.flow,
            logger=self.logger,
            access_logger=self.access_logger,
            access_log=self.access_log,
            default_headers=self.server_state.default_headers,
            message_event=asyncio.Event(),
            expect_100_continue=False,
            keep_alive=request.keep_alive,
            on_response=self.on_response_complete,
        )
        cycle.body, cycle.more_body = request.body, False
        cycle.message_event.set()
        if cast(Any, self.cycle) is request:
            self.cycle = cycle
        self._start_asgi_task(cycle, self.app)

    def _fast_request(self) -> FastRequest | None:
        """The request whose header has come, if it is a fast one and nothing comes before it."""
        parser = self.parser
        if (
            parser.get_method() != b"POST"
            or (self.cycle is not None and not self.cycle.response_complete)
            or self._leaving
            or parser.get_http_version() != "1.1"
            or not parser.should_keep_alive()
            or parser.should_upgrade()
        ):
            return None
        return self._fast_path.take(self, self.url, self.headers)

    def _make_scope(self, headers: Headers) -> HTTPScope:
        """As uvicorn makes it when a request begins, with this header."""
        now = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        # Not uvicorn's own, which would also put it before the path: NGINX has taken it away.
        self.scope["root_path"] = self._fast_path.root
        self.headers.extend(headers)
        self.url, self.headers, self.expect_100_continue = now
        return self.scope

    def _scope(self, request: FastRequest, submitted: Submitted) -> HTTPScope:
        """The scope of a fast request; its target is one that the app had before."""
        target, _, query = request.url.partition(b"?")
        path = urllib.parse.unquote(target.decode("ascii"))
        scope: Any = self._make_scope(request.headers)
        scope.update(method="POST", path=path, raw_path=target, query_string=query)
        scope.update({SUBMITTED: submitted, ADMITTED: request.known.principal})
        return cast(HTTPScope, scope)

    def _rest(self) -> None:
        """Close the connection if it has rested long enough. One timer for many requests: most come at once."""
        self._resting = None
        if self._resting_since is None:
            return
        left = self._resting_since + self.timeout_keep_alive - self.loop.time()
        if left > 0:
            self._resting = self.loop.call_later(left, self._rest)
        else:
            self.timeout_keep_alive_handler()
