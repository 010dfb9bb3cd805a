"""The connection on which a process has just been given a message, while it works on that.

kombu waits on it for messages (BRPOP), and has no use for it until it waits again. So the ledger's scripts run there:
without redis-py's client, whose layers take longer than the bytes, and with the next wait in the same packet as the
last script, so that Redis wakes once for both.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import hiredis
from redis.commands.core import Script
from redis.exceptions import ConnectionError as Disconnected
from redis.exceptions import NoScriptError, RedisError
from redis.exceptions import TimeoutError as TimedOut

#: Runs a script: `call(keys=..., args=...)`.
Call = Callable[..., Any]


class Line:
    """One such connection. `asks`: whether Redis is to be asked for the next message; if not, kombu does it later."""

    def __init__(self, asks: Callable[[], bool]) -> None:
        self._asks = asks
        self._channel: Any = None
        self._connection: Any = None
        #: Why it was lost, since it was taken.
        self.lost: RedisError | None = None

    def take(self, channel: Any) -> None:
        """From now on scripts run on the connection of this channel, which has just been given a message."""
        self._channel, self._connection, self.lost = channel, channel.client.connection, None

    def leave(self) -> None:
        """From now on they run on the ledger's own."""
        self._channel = self._connection = None

    def script(self, script: Script, *, last: bool = False) -> Call:
        """The script, on this line while that is taken. `last`: nothing runs on it afterwards."""

        def call(*, keys: Sequence[Any], args: Sequence[Any]) -> Any:
            connection, channel = self._connection, self._channel
            # One that is not connected would be connected here, and kombu's loop would not look at it.
            if connection is None or connection._sock is None:
                return script(keys=keys, args=args)
            packet = hiredis.pack_command(("EVALSHA", script.sha, len(keys), *keys, *args))
            wait = channel.next_wait() if last and self._asks() else b""
            if last:
                self._connection = None
            try:
                connection.send_packed_command([packet + wait])
                if wait:
                    channel.waits_already(connection)
                return connection.read_response()
            except NoScriptError:
                return script(keys=keys, args=args)
            except (Disconnected, TimedOut) as error:
                self._lose(channel, error)
                if isinstance(error, TimedOut):
                    raise
                # Once more, as redis-py does: it may only have been closed meanwhile.
                return script(keys=keys, args=args)

        return call

    def _lose(self, channel: Any, error: RedisError) -> None:
        self._connection, self.lost = None, error
        channel.waits_already(None)
