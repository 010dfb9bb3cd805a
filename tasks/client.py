"""The Python API for other services: `Client().train(...)` returns a handle of durable work.

client = Client()
client.init("housing", rows=rows, target="price").result(timeout=60)
client.train("housing", params={"learning_rate": 0.05}).result(timeout=600)
client.estimate("housing", rows=rows).result(timeout=10)["predictions"]
"""

from __future__ import annotations

import ssl
from collections.abc import Awaitable
from types import TracebackType
from typing import TYPE_CHECKING, Self

from tasks.calling.async_handle import AsyncHandle
from tasks.calling.handle import Handle, handle_id
from tasks.calling.opening import PATIENCE_SECONDS, Way, http_protocol, open_redis
from tasks.calling.request import Request
from tasks.calling.submitting import Submitting
from tasks.contract import Kind, State
from tasks.errors import InvalidField
from tasks.ledger.groups import Task
from tasks.ledger.outcomes import Outcome

if TYPE_CHECKING:
    from tasks.calling.over_redis import RedisTransport
    from tasks.calling.transport import AsyncTransport, Transport
    from tasks.ledger.history import History
    from tasks.ledger.store import Ledger
    from tasks.registry.models import Models


class Client(Submitting[Handle]):
    """Submits work to one service and follows it: through its Redis, or over HTTP.

    To submit raises Unavailable while too much waits in the lane, or the service does not answer. Threads may share a
    client; leaving a `with` block closes it.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        owner: str = "",
        token: str = "",
        name: str = "",
        password: str = "",
        patience_seconds: float = PATIENCE_SECONDS,
        verify: bool | ssl.SSLContext = True,
        transport: Transport | None = None,
    ) -> None:
        """The scheme of `url` says which way leads to the service.

        `http://` or `https://`: with a `token`, or the `name` and `password` of an account. What may pass (a broken
        connection, 429, 503) is tried again for `patience_seconds`, with an Idempotency-Key, so that it is the same
        piece of work. `verify`: whether the certificate of the service is checked, or by which context.

        `redis://`, `rediss://` or `unix://`: the Redis of the service. `owner`: whose work it is, `python` if nothing
        is said. MLSERVICE_BLOBS_URL says where its workers look for large bodies, if not in Redis; `mlservice env`
        prints both.

        No URL: as the command line finds the service. What comes first counts: REDIS_URL; the service that `mlservice
        up` started in the home that MLSERVICE_HOME names, or in `.mlservice` in the working folder; a file of
        configuration. Raises Unavailable if nothing says where it is, and InvalidField for what does not belong to
        the way that was chosen.

        `transport`: another way, as that of `tasks.testing`.
        """
        way = Way(
            url=url,
            owner=owner,
            token=token,
            name=name,
            password=password,
            patience_seconds=patience_seconds,
            verify=verify,
        )
        self._transport = transport or _open(way)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Give the connections back."""
        self._transport.close()

    def tasks(
        self, *, limit: int = 50, state: State | None = None, model: str | None = None, kind: Kind | None = None
    ) -> list[Task]:
        """The newest of this owner's tasks."""
        return self._transport.tasks(limit=limit, state=state, model=model, kind=kind)

    def handle(self, handle: str) -> Handle:
        """The handle of work that was submitted earlier, here or elsewhere: its id, or what `to_json` wrote."""
        return Handle(self._transport, handle_id(handle))

    def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds."""
        return self._transport.wait(handle, seconds=seconds)

    @property
    def models(self) -> Models:
        """Looks after models: lists, describes, notes, promotes, deletes them."""
        return self._through_redis("models").models

    @property
    def ledger(self) -> Ledger:
        """The record of accepted work. Raises InvalidField for a client over HTTP."""
        return self._through_redis("ledger").ledger

    @property
    def history(self) -> History:
        """What the ledger tells. Raises InvalidField for a client over HTTP."""
        return self._through_redis("history").history

    def _through_redis(self, what: str) -> RedisTransport:
        from tasks.calling.over_redis import RedisTransport

        if not isinstance(self._transport, RedisTransport):
            raise InvalidField(f"{what} is there for a URL of Redis alone")
        return self._transport

    def _submit(self, request: Request) -> Handle:
        return Handle(self._transport, self._transport.submit(request))


class AsyncClient(Submitting[Awaitable[AsyncHandle]]):
    """The same for an event loop: `handle = await client.train("m")`, `await handle.result(timeout=60)`.

    Over HTTP it holds no thread; through Redis a few of its own.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        owner: str = "",
        token: str = "",
        name: str = "",
        password: str = "",
        patience_seconds: float = PATIENCE_SECONDS,
        verify: bool | ssl.SSLContext = True,
        transport: AsyncTransport | None = None,
    ) -> None:
        """As a Client's."""
        way = Way(
            url=url,
            owner=owner,
            token=token,
            name=name,
            password=password,
            patience_seconds=patience_seconds,
            verify=verify,
        )
        self._transport = transport or _open_async(way)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Give the connections back."""
        await self._transport.close()

    async def tasks(
        self, *, limit: int = 50, state: State | None = None, model: str | None = None, kind: Kind | None = None
    ) -> list[Task]:
        """The newest of this owner's tasks."""
        return await self._transport.tasks(limit=limit, state=state, model=model, kind=kind)

    def handle(self, handle: str) -> AsyncHandle:
        """The handle of work that was submitted earlier, here or elsewhere: its id, or what `to_json` wrote."""
        return AsyncHandle(self._transport, handle_id(handle))

    async def _submit(self, request: Request) -> AsyncHandle:
        return AsyncHandle(self._transport, await self._transport.submit(request))


def _open(way: Way) -> Transport:
    if not way.is_http:
        return open_redis(way)
    from tasks.calling.over_http import HttpTransport

    return HttpTransport(http_protocol(way), verify=way.verify)


def _open_async(way: Way) -> AsyncTransport:
    if not way.is_http:
        from tasks.calling.in_threads import ThreadedTransport

        return ThreadedTransport(open_redis(way))
    from tasks.calling.over_http import AsyncHttpTransport

    return AsyncHttpTransport(http_protocol(way), verify=way.verify)
