"""The keys of the service in a Redis, read and written so that any Redis or Valkey takes them from any other."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

import redis

from tasks.contract import PRIORITY_SEPARATOR, QUEUES
from tasks.errors import Conflict
from tasks.redis_keys import (
    BEATING_KEY,
    DELIVERER_KEY,
    DISK_KEY,
    FLEET_KEY,
    HELD_KEY,
    LISTING_KEY,
    MOVING_KEY,
    RECONCILING_KEY,
    SWEEPING_KEY,
    UNACKED_KEY,
    WAKE_KEY,
)
from tasks.storage.scripts import register

#: How the names of our keys begin: all that is kept, the lanes of queues, the results of direct calls, and what of
#: these was given to a worker. A queue's first lane is a key of its name.
OURS: Final = (
    *("ml:", "celery-task-meta-", UNACKED_KEY.partition("{")[0]),
    *(f"{queue}{PRIORITY_SEPARATOR}" for queue in QUEUES),
)
#: The same of keys that say who is there at the moment, or does what; they have no meaning elsewhere.
OF_THE_MOMENT: Final = (
    *(FLEET_KEY.partition("{")[0], WAKE_KEY.partition("{")[0], DISK_KEY, HELD_KEY, MOVING_KEY),
    *(BEATING_KEY, RECONCILING_KEY, SWEEPING_KEY, LISTING_KEY, DELIVERER_KEY),
)
#: Parts of a key that one command sets.
PARTS_AT_ONCE: Final = 1000
#: The command that makes a key of a type, and how many of its parts belong together.
_MAKE: Final = {"string": (b"SET", 1), "hash": (b"HSET", 2), "list": (b"RPUSH", 1), "set": (b"SADD", 1)}


@dataclass(frozen=True, kw_only=True)
class Key:
    """One key with all that it holds."""

    name: bytes
    #: string, hash, list, set, zset or stream.
    kind: str
    #: Milliseconds since the epoch; negative if it does not expire.
    expires_at: int
    #: As its commands take them: fields and values in turn, members and scores in turn; of each entry of a stream its
    #: id, how many fields and values it has, and these.
    parts: list[bytes]

    def commands(self) -> Iterator[tuple[bytes, ...]]:
        """What makes it in a Redis that has no such key."""
        if self.kind == "stream":
            for identity, fields in _entries(self.parts):
                yield (b"XADD", self.name, identity, *fields)
        else:
            yield from self._by_parts()
        if self.expires_at >= 0:
            yield (b"PEXPIREAT", self.name, b"%d" % self.expires_at)

    def _by_parts(self) -> Iterator[tuple[bytes, ...]]:
        if self.kind == "zset":
            pairs = [(self.parts[i + 1], self.parts[i]) for i in range(0, len(self.parts), 2)]
            parts, command, together = [part for pair in pairs for part in pair], b"ZADD", 2
        else:
            parts, (command, together) = self.parts, _MAKE[self.kind]
        step = PARTS_AT_ONCE * together
        for begin in range(0, len(parts), step):
            yield (command, self.name, *parts[begin : begin + step])

    def same(self, other: Key) -> bool:
        """Whether both hold the same."""
        return (self.kind, self.expires_at, _value(self)) == (other.kind, other.expires_at, _value(other))


def _entries(parts: Sequence[bytes]) -> Iterator[tuple[bytes, Sequence[bytes]]]:
    """The entries of a stream: id, then fields and values in turn."""
    begin = 0
    while begin < len(parts):
        end = begin + 2 + int(parts[begin + 1])
        yield parts[begin], parts[begin + 2 : end]
        begin = end


def _value(key: Key) -> object:
    if key.kind in ("string", "list", "stream"):
        return key.parts
    if key.kind == "set":
        return set(key.parts)
    pairs = zip(key.parts[::2], key.parts[1::2], strict=True)
    return dict(pairs) if key.kind == "hash" else {member: float(score) for member, score in pairs}


def is_ours(name: bytes) -> bool:
    """Whether a key belongs to what the service keeps."""
    text = name.decode("utf-8", "replace")
    return text in QUEUES or (text.startswith(OURS) and not text.startswith(OF_THE_MOMENT))


def names(client: redis.Redis) -> Iterator[bytes]:
    """The names of our keys, of each at least once. Raises redis.RedisError."""
    yield from (name for name in client.scan_iter(count=PARTS_AT_ONCE) if is_ours(name))


def snapshot(client: redis.Redis, *, without: Sequence[str] = ()) -> list[Key]:
    """All our keys as they are at one moment, for which Redis does nothing else, but those that begin so.

    Raises Conflict for a type that the service has no use for, redis.RedisError.
    """
    script = register(client, "infra/backup/lua/snapshot.lua")
    found: Any = script(args=[len(OURS), len(QUEUES), *OURS, *QUEUES, *OF_THE_MOMENT, *without])
    return [_checked(name, kind.decode(), int(expires), parts) for name, kind, expires, parts in found]


def read(client: redis.Redis, page: Sequence[bytes]) -> list[Key]:
    """These keys, without those that are gone. Raises Conflict for a type that the service has no use for."""
    with client.pipeline(transaction=False) as pipe:
        for name in page:
            pipe.type(name)
            pipe.execute_command("PEXPIRETIME", name)  # type: ignore[no-untyped-call]
        told: Any = pipe.execute()
        there = [
            (name, kind.decode(), int(expires))
            for name, kind, expires in zip(page, told[::2], told[1::2], strict=True)
            if kind != b"none"
        ]
        for name, kind, _ in there:
            _check(name, kind)
            _ask(pipe, name, kind)
        held: Any = pipe.execute()
    return [
        Key(name=name, kind=kind, expires_at=expires, parts=_parts(kind, value))
        for (name, kind, expires), value in zip(there, held, strict=True)
        if value or value == b""
    ]


def write(client: redis.Redis, keys: Sequence[Key]) -> None:
    """Make these keys in place of those of their names, and look whether they are there.

    Raises Conflict if one is not, redis.RedisError.
    """
    with client.pipeline(transaction=False) as pipe:
        for key in keys:
            pipe.delete(key.name)
            for command in key.commands():
                pipe.execute_command(*command)  # type: ignore[no-untyped-call]
        pipe.execute()
    there = {key.name: key for key in read(client, [key.name for key in keys])}
    now = time.time() * 1000
    for key in keys:
        found = there.get(key.name)
        if not (found and key.same(found)) and not 0 <= key.expires_at < now:
            raise Conflict(f"the key {key.name!a} is not in the new Redis as it was written: does another use it?")


def _ask(pipe: redis.client.Pipeline, name: bytes, kind: str) -> None:
    if kind == "string":
        pipe.get(name)
    elif kind == "hash":
        pipe.hgetall(name)
    elif kind == "list":
        pipe.lrange(name, 0, -1)
    elif kind == "set":
        pipe.smembers(name)
    elif kind == "stream":
        pipe.xrange(name)
    else:
        pipe.zrange(name, 0, -1, withscores=True)


def _parts(kind: str, value: Any) -> list[bytes]:
    if kind == "string":
        return [value]
    if kind == "hash":
        return [part for pair in value.items() for part in pair]
    if kind == "zset":
        return [part for member, score in value for part in (member, repr(score).encode())]
    if kind == "stream":
        flat = [(identity, [part for pair in fields.items() for part in pair]) for identity, fields in value]
        return [part for identity, fields in flat for part in (identity, b"%d" % len(fields), *fields)]
    return list(value)


def _checked(name: bytes, kind: str, expires: int, parts: list[bytes]) -> Key:
    _check(name, kind)
    return Key(name=name, kind=kind, expires_at=expires, parts=parts)


def _check(name: bytes, kind: str) -> None:
    if kind not in (*_MAKE, "zset", "stream"):
        raise Conflict(f"the key {name!a} is a {kind}, which the service has no use for: who else writes there?")
