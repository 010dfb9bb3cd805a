"""The scripts that Redis runs, for tests: which there are, and running one on a server by its path."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
import redis

from tasks.ledger import work_counts
from tasks.storage.scripts import ROOT, register
from tests.servers import Valkey


def script_paths() -> list[str]:
    """The scripts, by the paths by which they are loaded."""
    return _paths("lua/*.lua")


def include_paths() -> list[str]:
    """The files that only others include."""
    return _paths("lua/include/*.lua")


class Lua:
    """Runs scripts on a server. What it reads is text, with a backslash before what is none."""

    def __init__(self, server: Valkey) -> None:
        self._bytes = server.client()
        self.redis: Any = redis.Redis.from_url(
            server.redis_url, socket_timeout=5, decode_responses=True, encoding_errors="backslashreplace"
        )

    def close(self) -> None:
        """Close its connections."""
        self._bytes.close()
        self.redis.close()

    def run(self, path: str, *, keys: Sequence[str], args: Sequence[Any] = ()) -> Any:
        """What the script returns."""
        return register(self.redis, path)(keys=list(keys), args=list(args))

    @contextmanager
    def full(self) -> Iterator[None]:
        """The server has no memory left inside."""
        self.redis.config_set("maxmemory", 1)
        try:
            yield
        finally:
            self.redis.config_set("maxmemory", 0)

    def now(self) -> float:
        """The server's time, in seconds since the epoch."""
        seconds, microseconds = self.redis.time()
        return float(seconds + microseconds / 1e6)

    def counts(self, key: str) -> Counter[str]:
        """The counters of work that are not 0, by `work_counts.counter`."""
        kept: Any = self._bytes.get(key)
        return +work_counts.read(kept)

    def everything(self) -> Mapping[str, bytes]:
        """All keys with what they hold, to see that nothing has changed."""
        keys: Any = self._bytes.keys("*")
        held: dict[str, Any] = {key.decode(): self._bytes.dump(key) for key in keys}
        return held


def packed(*parts: Any) -> bytes:
    """A list in msgpack."""
    return msgspec.msgpack.encode(parts)


def _paths(pattern: str) -> list[str]:
    packages = ("tasks", "gateway", "infra", "monitoring")
    found = (path for package in packages for path in (ROOT / package).rglob(pattern))
    return sorted(str(path.relative_to(ROOT)) for path in found)
