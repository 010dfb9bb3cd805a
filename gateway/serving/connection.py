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
from gateway.serving.fast_path import FastPath, FastRequest

#: A process that ends keeps an idle connection so long, because NGINX may be sending on it (seconds).
IDLE_SECONDS: Final = 1.0


class Connection(HttpToolsProtocol):
    """A connection that takes fast requests itself, and answers once more what is sent while the process ends.

    The app that it is given has a `fast_path`.
    """

    _leaving = False

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

    def on_headers_complete(self) -> None:
        """The header of a request has come."""
        request = self._fast_request()
        if request is not None:
            self.cycle = cast(RequestResponseCycle, request)
            return
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
        self.on_response_complete()

    def go_on(self, request: FastRequest, submitted: Submitted) -> None:
        """Have the app answer a request that was a fast one so far."""
        cycle = RequestResponseCycle(
            scope=_scope(request, submitted),
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
        return self._fast_path.take(self, self.url, self.scope)


def _scope(request: FastRequest, submitted: Submitted) -> HTTPScope:
    """The scope of a fast request, as uvicorn makes it; its target is one that the app had before."""
    target, _, query = request.url.partition(b"?")
    path = urllib.parse.unquote(target.decode("ascii"))
    scope: Any = {
        **request.scope,
        "method": "POST",
        "path": path,
        "raw_path": target,
        "query_string": query,
        SUBMITTED: submitted,
        ADMITTED: request.known.principal,
    }
    return cast(HTTPScope, scope)
