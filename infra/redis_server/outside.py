"""A Redis that is not ours: whether accepted work is safe in it, and who else uses it."""

from __future__ import annotations

import hmac
import os
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import redis

from gateway.identity.keys import SHARED_ALGORITHM, Keys, open_keys
from infra.redis_server.replication import dangers
from infra.redis_server.suitability import info, refuse_unsuitable, used
from tasks.config.settings import Settings
from tasks.contract import FLEETS
from tasks.errors import SettingsError, Unavailable
from tasks.ledger.fleet import members
from tasks.redis_keys import KEYS_FIELD, MARK_FIELD, MOVING_KEY, SERVICE_KEY
from tasks.storage.connection import connect
from tasks.storage.stores import blobs_of

#: Bytes of the mark that is put into the blob store.
MARK_BYTES: Final = 32
#: What a shared key is asked to sign for its name.
NAMED_BY: Final = b"mlservice: the name of a key"


def look_at(settings: Settings, *, warn: Callable[[str], None]) -> None:
    """Look at each Redis of these settings before anything is started on it, and say what is dangerous or unexpected.

    Raises Unavailable if one does not answer, SettingsError if one may evict what it was given, is no primary, or was
    given half a home.
    """
    for open_client, address in used(settings):
        try:
            with open_client(settings) as client:
                refuse_unsuitable(client, address.place)
                if client.exists(MOVING_KEY):
                    raise SettingsError(
                        f"the move of a home to the Redis at {address.place} was broken off: move it again"
                    )
                for said in dangers(client, settings, address):
                    warn(said)
                if address == settings.store:
                    for said in neighbours(client, settings, address.place):
                        warn(said)
        except redis.RedisError as error:
            raise Unavailable(f"Redis, {address.place}, cannot be reached: {error}") from error


def loaded_part(settings: Settings) -> float | None:
    """The part of its history that this Redis has read, from 0 to 1; None if it reads none, or is silent."""
    with suppress(redis.RedisError), connect(settings) as client:
        try:
            persistence = info(client, "persistence")
        except redis.exceptions.BusyLoadingError:
            return 0.0
        if persistence.get("loading"):
            return float(persistence.get("loading_loaded_perc", 0)) / 100
    return None


def neighbours(client: redis.Redis, settings: Settings, place: str) -> list[str]:
    """What is said of others who use the same Redis: workers that run, other keys of tokens, another blob store."""
    there = {fleet: sorted(members(client, fleet)) for fleet in FLEETS}
    found = [f"{fleet} workers {', '.join(names)}" for fleet, names in there.items() if names]
    said = [f"others work on the Redis at {place} already: {'; '.join(found)}"] if found else []
    return said + [fault for fault in (_other_blobs(client, settings), _other_keys(client, settings)) if fault]


def _other_blobs(client: redis.Redis, settings: Settings) -> str:
    """Leave a mark in the blob store, whose digest Redis keeps: who does not find it there has another store."""
    blobs = blobs_of(settings, client)
    known = _read(client, MARK_FIELD)
    if not known:
        client.hsetnx(SERVICE_KEY, MARK_FIELD, blobs.put(os.urandom(MARK_BYTES)))
        known = _read(client, MARK_FIELD)
    try:
        blobs.get(known)
    except Unavailable:
        return (
            "the service of this Redis keeps data, models and large bodies in another blob store: give this one"
            " the same MLSERVICE_BLOBS_URL, or copy what lies there"
        )
    return ""


def _other_keys(client: redis.Redis, settings: Settings) -> str:
    """Keep the names of the keys that sign tokens: who has none of them refuses the tokens of the others."""
    own = key_names(open_keys(settings))
    known = set(filter(None, _read(client, KEYS_FIELD).split()))
    client.hset(SERVICE_KEY, KEYS_FIELD, " ".join(sorted(own)))
    if known and not known & own:
        return (
            "the service of this Redis signed its tokens with other keys, which are refused here: give both the same"
            " MLSERVICE_TOKEN_KEYS_FILE or MLSERVICE_TOKEN_KEY, if both run"
        )
    return ""


def key_names(keys: Keys) -> set[str]:
    """What names the keys, and tells nothing of them. All shared keys are called alike, so a digest names one."""
    return {
        hmac.digest(key.signing.encode(), NAMED_BY, "sha256").hex() if key.algorithm == SHARED_ALGORITHM else key.kid
        for key in keys.all()
    }


def _read(client: redis.Redis, field: str) -> str:
    value: Any = client.hget(SERVICE_KEY, field)
    return value.decode() if value else ""
