"""Which versions a process keeps, and what is there before anybody asks for it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from tasks.config.capacity import cache_bytes
from tasks.config.settings import Settings
from tasks.redis_keys import EXPECTED_CHANNEL
from tasks.storage.blobs import Blobs
from tasks.worker.model_cache import VERSION_BYTES, ModelCache
from tasks.worker.preloading import Preloader
from tasks.worker.runtime import Runtime
from tests.servers import Valkey, eventually
from tests.workers import learn_sums

MODELS = ("one", "two", "three")


class Counting:
    """Blobs, which count what is read of them."""

    def __init__(self, blobs: Blobs) -> None:
        self._blobs = blobs
        self.read: list[str] = []

    def get(self, digest: str) -> bytes:
        self.read.append(digest)
        return self._blobs.get(digest)

    def put(self, data: bytes) -> str:
        return self._blobs.put(data)


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Valkey() as server:
        yield [learn_sums(server.redis_url, model) for model in MODELS][-1]


@pytest.fixture
def blobs(runtime: Runtime) -> Counting:
    return Counting(runtime.blobs)


def cache_of(runtime: Runtime, blobs: Counting, *, size: int = 10, most: int = 2**30) -> ModelCache:
    return ModelCache(runtime.registry, blobs, runtime.estimators, size=size, bytes=most)  # type: ignore[arg-type]


def artefacts(runtime: Runtime) -> dict[str, str]:
    return {model: runtime.registry.version(model, 1).artefact for model in MODELS}


def loads(cache: ModelCache, runtime: Runtime, blobs: Counting, *models: str) -> int:
    """How many of them are loaded when they are asked for in turn."""
    before = len(blobs.read)
    for model in models:
        cache.get(model, 1)
    return sum(digest in artefacts(runtime).values() for digest in blobs.read[before:])


def test_the_least_recently_used_goes_when_there_are_too_many(runtime: Runtime, blobs: Counting) -> None:
    cache = cache_of(runtime, blobs, size=2)
    assert loads(cache, runtime, blobs, "one", "two", "one", "three", "one") == 3
    assert loads(cache, runtime, blobs, "two") == 1


def test_and_when_they_are_too_large(runtime: Runtime, blobs: Counting) -> None:
    each = len(runtime.blobs.get(artefacts(runtime)["one"])) + VERSION_BYTES
    cache = cache_of(runtime, blobs, most=int(2.5 * each))
    assert loads(cache, runtime, blobs, "one", "two", "one", "three", "one") == 3
    assert loads(cache, runtime, blobs, "two") == 1
    # One that is larger than all that there may be is kept while it is used.
    tight = cache_of(runtime, blobs, most=1)
    assert loads(tight, runtime, blobs, "one", "one", "two", "two", "one") == 3


def test_what_is_promoted_is_there_before_it_is_asked_for(runtime: Runtime, blobs: Counting) -> None:
    settings = runtime.settings
    cache = cache_of(runtime, blobs)
    Preloader(settings, cache).start()
    with redis.Redis.from_url(settings.redis_url) as client:
        eventually(lambda: client.pubsub_numsub(EXPECTED_CHANNEL)[0][1], what="the listener")
    runtime.registry.promote("one", 1, who="somebody")
    eventually(lambda: cache.ahead, what="the artefact")
    assert loads(cache, runtime, blobs, "one") == 0
    assert cache.ahead == 0
    assert cache.get("one", 1).artefact is cache.get("one", 1).artefact


def test_what_is_full_loads_only_versions_of_what_it_has(runtime: Runtime, blobs: Counting) -> None:
    cache = cache_of(runtime, blobs, size=2)
    assert cache.wants("two")
    loads(cache, runtime, blobs, "one", "three")
    assert cache.wants("one")
    assert not cache.wants("two")


def test_what_cannot_be_loaded_ahead_is_left_to_who_asks(runtime: Runtime, blobs: Counting) -> None:
    cache = cache_of(runtime, blobs)
    broken = Counting(runtime.blobs)
    broken.get = lambda digest: b"no model"  # type: ignore[method-assign]
    with pytest.raises(Exception, match="cannot be read"):
        cache.load_ahead("lightgbm", artefacts(runtime)["one"], broken)  # type: ignore[arg-type]
    assert loads(cache, runtime, blobs, "one") == 1


def test_the_bound_is_a_part_of_the_limit_of_memory() -> None:
    assert cache_bytes(Settings(model_cache_bytes=100)) == 100
    assert cache_bytes(Settings(model_cache_bytes=2**30, worker_memory_bytes=2**30)) == 2**28
