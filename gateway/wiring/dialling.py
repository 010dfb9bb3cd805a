"""Connections for an event loop, made where Redis is: on a socket, a port, over TLS, or where Sentinels say."""

from __future__ import annotations

import asyncio
import ssl
from typing import Any

from redis import exceptions
from redis.connection import parse_url

from gateway.wiring.protocol import OnMessage, Protocol
from tasks.config.redis_address import RedisAddress
from tasks.config.redis_tls import FULL, NONE, RedisTls


class Dial:
    """Makes connections to one Redis. With Sentinels each is one to the primary that they name at the time."""

    def __init__(self, address: RedisAddress, *, timeout_seconds: float) -> None:
        self._options: dict[str, Any] = parse_url(address.url)  # type: ignore[no-untyped-call]
        self._sentinels = list(address.sentinels)
        self._access = address.access
        self._tls = address.tls
        self._secure: ssl.SSLContext | None = None
        self._timeout = timeout_seconds

    async def __call__(self, on_message: OnMessage | None = None) -> Protocol:
        """A new connection on which the user is known and the database chosen. Raises OSError and redis-py's errors."""
        options = self._options
        if "path" in options:
            protocol = await self._connected(path=options["path"], on_message=on_message)
        else:
            host, port = options.get("host", "localhost"), options.get("port", 6379)
            if self._sentinels:
                host, port = await self._primary()
            protocol = await self._connected(host=host, port=port, on_message=on_message)
        return await self._entered(protocol, options.get("username"), options.get("password"), options.get("db"))

    async def _primary(self) -> tuple[str, int]:
        """Where the first Sentinel that answers says that the primary is."""
        assert self._access is not None, "who asks Sentinels knows what they call the primary"
        reasons = []
        for sentinel in tuple(self._sentinels):
            try:
                async with asyncio.timeout(self._timeout / (len(self._sentinels) + 1)):
                    found = await self._asked(*sentinel)
            except (OSError, exceptions.RedisError) as error:
                reasons.append(f"{sentinel[0]}:{sentinel[1]}: {error or type(error).__name__}")
                continue
            if found is not None:
                self._sentinels.remove(sentinel)
                self._sentinels.insert(0, sentinel)
                return found
        said = f" ({'; '.join(reasons)})" if reasons else ""
        raise exceptions.ConnectionError(f"no Sentinel names a primary {self._access.master!r} that lives{said}")

    async def _asked(self, host: str, port: int) -> tuple[str, int] | None:
        access = self._access
        assert access is not None, "who asks Sentinels knows what they call the primary"
        protocol = await self._connected(host=host, port=port)
        try:
            await self._entered(protocol, access.user, access.password, None)
            told = await protocol.send(("SENTINEL", "MASTER", access.master))
        finally:
            protocol.close()
        state = dict(zip(told[::2], told[1::2], strict=False))
        flags = state[b"flags"].split(b",")
        if b"master" not in flags or b"s_down" in flags or b"o_down" in flags:
            return None
        return state[b"ip"].decode(), int(state[b"port"])

    async def _entered(self, protocol: Protocol, user: str | None, password: str | None, db: int | None) -> Protocol:
        try:
            if password:
                await protocol.send(("AUTH", user or "default", password))
            if db:
                await protocol.send(("SELECT", db))
        except BaseException:
            protocol.close()
            raise
        return protocol

    async def _connected(
        self, *, path: str = "", host: str = "", port: int = 0, on_message: OnMessage | None = None
    ) -> Protocol:
        loop = asyncio.get_running_loop()

        def make() -> Protocol:
            return Protocol(loop.create_future(), on_message, timeout_seconds=self._timeout)

        if path:
            _, protocol = await loop.create_unix_connection(make, path)
        else:
            if self._tls is not None and self._secure is None:
                self._secure = context(self._tls)
            _, protocol = await loop.create_connection(make, host, port, ssl=self._secure)
        return protocol


def context(tls: RedisTls) -> ssl.SSLContext:
    """What Python's TLS is told. Raises OSError if a file cannot be read."""
    made = ssl.create_default_context(cafile=tls.ca_file or None)
    made.check_hostname = tls.verify == FULL
    if tls.verify == NONE:
        made.verify_mode = ssl.CERT_NONE
    if tls.cert_file:
        made.load_cert_chain(tls.cert_file, tls.key_file or None)
    return made
