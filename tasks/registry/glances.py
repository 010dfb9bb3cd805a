"""Looks at the records of all models at once, of each at the few fields that are asked for: many together, and little
of each is read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, Final, NamedTuple

import msgspec
import redis

from tasks.redis_keys import ALIASES_KEY, MODEL_KEY, MODELS_KEY, REPORTS_KEY, VERSIONS_KEY

#: How many models are looked at together, and how many versions of one in one command.
PAGE: Final = 200
MANY: Final = 1000


class _Data(msgspec.Struct):
    """The blobs of a snapshot."""

    train: str
    holdout: str
    test: str = ""
    sides: str = ""
    plan: str = ""


class _Stored(msgspec.Struct):
    """The blobs of a version."""

    artefact: str
    measured_artefact: str = ""
    schema_blob: str = ""


class _Report(msgspec.Struct):
    """The blob of a report."""

    digest: str = ""


class _Born(msgspec.Struct):
    """When a version was made."""

    created_at: float


class Ages(NamedTuple):
    """When the versions of a model were made (seconds since the epoch), and which of them are current or have an
    alias."""

    model: str
    born: dict[int, float]
    named: set[int]


_read_data = msgspec.json.Decoder(_Data).decode
_read_stored = msgspec.json.Decoder(_Stored).decode
_read_report = msgspec.json.Decoder(_Report).decode
_read_born = msgspec.json.Decoder(_Born).decode


def referenced(client: redis.Redis) -> set[str]:
    """The digests of all snapshots, schemas, artefacts and reports that a model has."""
    found: set[str] = set()
    for names in _pages(client):
        for snapshot in _ask(client, *(("HGET", MODEL_KEY, name, "snapshot") for name in names)):
            if snapshot:
                found.update(msgspec.structs.astuple(_read_data(snapshot)))
        for records in _hashes(client, VERSIONS_KEY, names):
            for record in records.values():
                found.update(msgspec.structs.astuple(_read_stored(record)))
        for records in _hashes(client, REPORTS_KEY, names):
            found.update(_read_report(record).digest for record in records.values())
    return found


def ages(client: redis.Redis) -> Iterator[Ages]:
    """The versions of all models."""
    for names in _pages(client):
        currents = _ask(client, *(("HGET", MODEL_KEY, name, "current") for name in names))
        aliases = _hashes(client, ALIASES_KEY, names)
        versions = _hashes(client, VERSIONS_KEY, names)
        for name, current, named, records in zip(names, currents, aliases, versions, strict=True):
            born = {int(number): _read_born(record).created_at for number, record in records.items()}
            yield Ages(name, born, {int(number) for number in (*named.values(), *([current] if current else []))})


def _pages(client: redis.Redis) -> Iterator[Sequence[str]]:
    members: Any = client.smembers(MODELS_KEY)
    names = sorted(member.decode() for member in members)
    yield from (names[start : start + PAGE] for start in range(0, len(names), PAGE))


def _hashes(client: redis.Redis, key: str, names: Sequence[str]) -> list[dict[bytes, bytes]]:
    """A hash of each model, large ones in parts, so that nobody else waits for long meanwhile."""
    sizes = _ask(client, *(("HLEN", key, name) for name in names))
    small = [name for name, size in zip(names, sizes, strict=True) if 0 < size <= MANY]
    found = dict(zip(small, _ask(client, *(("HGETALL", key, name) for name in small)), strict=True))
    for name, size in zip(names, sizes, strict=True):
        if size > MANY:
            found[name] = dict(client.hscan_iter(key.format(model=name), count=MANY))
    return [found.get(name, {}) for name in names]


def _ask(client: redis.Redis, *commands: tuple[str, ...]) -> list[Any]:
    """The replies to commands on keys of models: (command, key, model, further arguments)."""
    if not commands:
        return []
    with client.pipeline(transaction=False) as pipe:
        for command, key, model, *more in commands:
            pipe.execute_command(command, key.format(model=model), *more)  # type: ignore[no-untyped-call]
        return list(pipe.execute())
