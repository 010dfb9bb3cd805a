"""Has what is being promoted in memory before anybody asks for it: a thread listens, and loads beside the work.

LightGBM reads a model of text at 5 ms/MB, without Python's lock. Nothing that comes with a service's own code is loaded
so: were it to end the process, it would end the work of others with it.
"""

from __future__ import annotations

import logging
import threading
import time
from typing import Final

import msgspec
import redis

from tasks.config.settings import Settings
from tasks.errors import ServiceError
from tasks.estimators.offered import offered, others
from tasks.redis_keys import EXPECTED_CHANNEL
from tasks.registry.expected import heard
from tasks.storage.blobs import Blobs
from tasks.storage.connection import connect, listener
from tasks.storage.stores import blobs_of
from tasks.worker.model_cache import ModelCache

log = logging.getLogger(__name__)

#: The time until a lost connection is tried again (seconds).
AGAIN_SECONDS: Final = 2.0
#: What the thread has for its stack (bytes): the default counts against the limit of memory, though it is not used.
STACK_BYTES: Final = 2**20


class Preloader:
    """Loads into the cache of this process. It has connections of its own."""

    def __init__(self, settings: Settings, cache: ModelCache) -> None:
        self._settings = settings
        self._cache = cache

    def start(self) -> None:
        """Listen until the process ends."""
        before = threading.stack_size(STACK_BYTES)
        threading.Thread(target=self._listen, name="preloading", daemon=True).start()
        threading.stack_size(before)

    def _listen(self) -> None:
        blobs = blobs_of(self._settings, connect(self._settings))
        while True:
            try:
                with listener(self._settings) as client, client.pubsub(ignore_subscribe_messages=True) as channel:
                    channel.subscribe(EXPECTED_CHANNEL)
                    for message in channel.listen():
                        self._load(message["data"], blobs)
            except redis.exceptions.RedisError as error:
                log.info("what is promoted is not heard of for a moment: %s", error)
                time.sleep(AGAIN_SECONDS)

    def _load(self, data: bytes, blobs: Blobs) -> None:
        try:
            expected = heard(data)
            if self._ships(expected.estimator) and self._cache.wants(expected.model):
                self._cache.load_ahead(expected.estimator, expected.artefact, blobs)
        except (ServiceError, redis.exceptions.RedisError, msgspec.DecodeError, OSError, MemoryError) as error:
            log.warning("a version could not be loaded before it is asked for: %s", error)

    def _ships(self, estimator: str) -> bool:
        return estimator in offered().keys() - others().keys() - self._settings.estimator_paths.keys()
