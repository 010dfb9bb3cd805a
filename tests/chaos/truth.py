"""What the results should be: LightGBM's own boosters, out of the versions that answered, and the registry."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any, Final

import redis

from tasks.contract import Kind
from tasks.errors import UnknownModel
from tasks.estimators.lightgbm import LightGBM
from tasks.ledger.groups import parse_handle
from tasks.redis_keys import GROUP_KEY
from tasks.registry.models_registry import Registry
from tasks.registry.records import Version
from tasks.storage.folder_blobs import FolderBlobs
from tests.chaos.account import Entry
from tests.chaos.face import Site

#: How far a prediction may be from LightGBM's own.
TOLERANCE: Final = 1e-9


class Truth:
    """Compares results. Versions are read once; threads share them."""

    def __init__(self, site: Site) -> None:
        self._client = redis.Redis.from_url(site.redis_url, socket_timeout=5, socket_connect_timeout=5)
        self._registry = Registry(self._client)
        self._blobs = FolderBlobs(site.blobs.as_uri())
        self._boosters: dict[tuple[int, str, int], Any] = {}
        self._lock = threading.Lock()

    def close(self) -> None:
        """Close the connection to Redis."""
        self._client.close()

    def fault(self, entry: Entry, result: Any) -> str:
        """What is wrong with the result of a success, in words; empty if nothing is.

        Raises RedisError, ServiceError or OSError while it cannot be said, because the version cannot be read.
        """
        if entry.order.doomed:
            return "it succeeded and must fail"
        if entry.order.kind is Kind.INIT:
            rows = len(entry.order.document["rows"])
            return "" if result["rows"] == rows else f"{rows} rows were sent, {result['rows']} counted"
        if entry.order.kind is Kind.TRAIN:
            task = self._registry.version(entry.order.model, result["version"]).task
            return "" if task == entry.handle else f"version {result['version']} is of the task {task}"
        return self._fault_of_estimate(entry, result)

    def versions(self, model: str) -> Counter[str]:
        """How many versions each train of a model has made. Raises RedisError."""
        try:
            versions: dict[int, Version] = self._registry.model(model).versions
        except UnknownModel:
            return Counter()
        return Counter(version.task for version in versions.values())

    def deliveries(self, handle: str) -> int:
        """How often a worker was given the work; 0 if it is not known any more. Raises RedisError."""
        found: Any = self._client.hget(GROUP_KEY.format(group=parse_handle(handle)[0]), "fence")
        return int(found or 0)

    def _fault_of_estimate(self, entry: Entry, result: Any) -> str:
        if result["model"] != entry.order.model:
            return f"the answer is of the model {result['model']}"
        with self._lock:
            booster = self._booster(entry.era, entry.order.model, result["version"])
            rows = entry.order.document["rows"]
            wanted = [float(booster.predict([row], num_threads=1)[0]) for row in rows]
        found = result["predictions"]
        if len(found) == len(wanted) and all(abs(f - w) <= TOLERANCE for f, w in zip(found, wanted, strict=True)):
            return ""
        return f"version {result['version']} predicts {wanted}, not {found}"

    def _booster(self, era: int, model: str, number: int) -> Any:
        key = (era, model, number)
        if key not in self._boosters:
            artefact = self._registry.version(model, number).artefact
            self._boosters[key] = LightGBM().load(self._blobs.get(artefact)).booster
        return self._boosters[key]
