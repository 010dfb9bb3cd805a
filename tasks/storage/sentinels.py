"""Clients of the primary that Sentinels name: each new connection asks them who that is."""

from __future__ import annotations

from typing import Any, Final

import redis
from redis import exceptions
from redis.backoff import NoBackoff
from redis.connection import SSLConnection, parse_url
from redis.retry import Retry
from redis.sentinel import Sentinel, SentinelManagedConnection

from tasks.config.redis_address import RedisAddress
from tasks.storage.replicas import LONELY

#: What a URL says of the node's place, which the Sentinels know.
_PLACE: Final = ("host", "port", "connection_class")


class PrimaryConnection(SentinelManagedConnection):
    """A connection to the primary, which asks the Sentinels also when it is made anew by a command; redis-py's then
    goes to where the primary was (findings/redis-kept-connection-asks-no-sentinel.sh)."""

    def send_packed_command(self, command: Any, check_health: bool = True) -> None:
        """As the base class."""
        if not self._sock:
            self.connect()  # type: ignore[no-untyped-call]
        super().send_packed_command(command, check_health=check_health)  # type: ignore[no-untyped-call]

    def read_response(self, *args: Any, disconnect_on_error: bool | None = True, **options: Any) -> Any:
        """As a connection without Sentinels, which is not used again after an error: that of the base class is, and
        takes the answer that comes late for that of its next command. Raises ConnectionError where this may be no
        primary any more, so that the next connection asks the Sentinels."""
        try:
            return super().read_response(*args, disconnect_on_error=disconnect_on_error, **options)
        except exceptions.ResponseError as error:
            if not str(error).startswith(LONELY):
                raise
            self.disconnect()  # type: ignore[no-untyped-call]
            raise exceptions.ConnectionError(str(error)) from error


class SecurePrimaryConnection(PrimaryConnection, SSLConnection):
    """The same over TLS."""


class Once(Retry):
    """One try: the next Sentinel is the next one. redis-py's own ten would take longer than any call may."""

    def __init__(self) -> None:
        super().__init__(NoBackoff(), 0)

    def __json__(self) -> str:
        """What workers tell Flower of it, which asks for all options."""
        return "once"


def primary(address: RedisAddress, *, timeout_seconds: float, **options: Any) -> redis.Redis:
    """A client of the primary. Raises, when it connects, MasterNotFoundError (a ConnectionError) if no Sentinel names
    one that lives. All Sentinels together are asked for as long as a call may take."""
    assert address.access is not None, "who asks Sentinels knows what they call the primary"
    # The annotations of redis-py lack.
    parsed: dict[str, Any] = parse_url(address.url)  # type: ignore[no-untyped-call]
    node = {name: value for name, value in parsed.items() if name not in _PLACE}
    kind = PrimaryConnection if address.tls is None else SecurePrimaryConnection
    sentinels = Sentinel(  # type: ignore[no-untyped-call]
        address.sentinels, sentinel_kwargs=sentinel_options(address, timeout_seconds=timeout_seconds)
    )
    found: Any = sentinels.master_for(  # type: ignore[no-untyped-call]
        address.access.master, connection_class=kind, **node, **options
    )
    client: redis.Redis = found
    return client


def sentinel_options(address: RedisAddress, *, timeout_seconds: float) -> dict[str, Any]:
    """How each Sentinel is entered, as redis-py's arguments; kombu and Celery pass them on."""
    access = address.access
    assert access is not None, "who asks Sentinels knows as whom"
    each = timeout_seconds / len(address.sentinels)
    return {
        "username": access.user or None,
        "password": access.password or None,
        "socket_timeout": each,
        "socket_connect_timeout": each,
        "retry": Once(),
        **({"ssl": True, **address.tls.options()} if address.tls is not None else {}),
    }
