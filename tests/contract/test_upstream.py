"""What of Celery's and kombu's code ours stands in the place of, or counts on: where that changes, ours is looked at
anew, docs/explanation/architecture.md with it, and then the sum here is made new."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from hashlib import sha256
from typing import Any, Final

import pytest
from celery.app import trace
from celery.concurrency.base import BasePool, apply_target
from celery.worker import request, state, strategy
from celery.worker.consumer import Consumer
from kombu.transport import redis
from kombu.transport.virtual import base as virtual

#: By what ours does: the code, and the beginning of the sum of its source.
SHORT_WAY: Final = (
    (redis.Channel._brpop_start, "06723d707ddf2240"),
    (redis.Channel._brpop_read, "c42518699709f2df"),
    (redis.MultiChannelPoller.on_readable, "c0d99f241607f845"),
    (redis.MultiChannelPoller._register_BRPOP, "85724582464a615f"),
    (redis.Transport.register_with_event_loop, "4b835642e4a99425"),
    (virtual.Transport._deliver, "799e242f3ec53863"),
    (virtual.Channel.basic_consume, "0fec962694938b61"),
    (Consumer.create_task_handler, "292c5a681f10ade7"),
    (strategy.default, "7d90575ada5eb1dc"),
    (request.Request.__init__, "efdf47149cde3635"),
    (request.Request.on_failure, "21736ec661cd60d7"),
    (request.create_request_cls, "871f30fe1cfee4bf"),
    (state.task_accepted, "fc90a50f0449584f"),
    (state.task_ready, "ad25f2985520adf2"),
    (BasePool.apply_async, "4db4ca91db58d9fb"),
    (apply_target, "587f70580295464c"),
    (trace.build_tracer, "b2945aec38e1872e"),
)


def sum_of(code: Callable[..., Any]) -> str:
    return sha256(inspect.getsource(code).encode()).hexdigest()[:16]


@pytest.mark.parametrize(("code", "known"), SHORT_WAY, ids=lambda part: getattr(part, "__qualname__", ""))
def test_the_code_is_as_it_was(code: Callable[..., Any], known: str) -> None:
    assert sum_of(code) == known, f"read what has changed in {code.__module__}, tasks/worker/short_way.py beside it"
