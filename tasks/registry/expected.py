"""Artefacts that will be asked for in a moment, told to the processes that answer: they load them before that."""

from __future__ import annotations

import logging

import msgspec
import redis

from tasks.redis_keys import EXPECTED_CHANNEL

log = logging.getLogger(__name__)

_encode = msgspec.msgpack.Encoder().encode


class Expected(msgspec.Struct, frozen=True, array_like=True):
    """The artefact of a version that is being promoted."""

    model: str
    estimator: str
    #: Its blob.
    artefact: str


_decode = msgspec.msgpack.Decoder(Expected).decode


def tell(client: redis.Redis, expected: Expected) -> None:
    """Tell whoever listens. Raises nothing: who has not heard loads it when it is asked for."""
    try:
        client.publish(EXPECTED_CHANNEL, _encode(expected))
    except redis.exceptions.RedisError as error:
        log.warning("nobody hears that a version of %s is promoted: %s", expected.model, error)


def heard(data: bytes) -> Expected:
    """What was told. Raises msgspec.DecodeError."""
    return _decode(data)
