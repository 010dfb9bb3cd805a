"""Model versions kept in memory: loaded once, used until they are the least recently used."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import Any

import msgspec

from tasks.estimators.base import Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.registry.measured import NO_DECISION, Decision
from tasks.registry.models_registry import Registry
from tasks.registry.schemas import with_schema
from tasks.storage.blobs import Blobs
from tasks.tables.columns import Schema
from tasks.tables.row_reader import RowReader


@dataclass(frozen=True)
class Loaded:
    """One version, ready to predict."""

    model: str
    version: int
    estimator: Estimator[Any]
    artefact: Any
    schema: Schema
    rows: RowReader
    #: What the version does with what its model says.
    decision: Decision = NO_DECISION


class ModelCache:
    """The versions that this process uses.

    A version never changes, but in a Redis that lost what it knew another one may get its number: hence the identity.
    """

    def __init__(self, registry: Registry, blobs: Blobs, estimators: Catalogue, *, size: int) -> None:
        self._registry = registry
        self._blobs = blobs
        self._estimators = estimators
        self._size = size
        self._loaded: OrderedDict[tuple[str, int, str], Loaded] = OrderedDict()

    def get(self, model: str, version: int, *, identity: str = "") -> Loaded:
        """The version, loaded; without its identity, that is looked up. Raises UnknownVersion."""
        key = (model, version, identity or self._registry.identity(model, version))
        found = self._loaded.get(key)
        if found is None:
            found = self._loaded[key] = self._load(model, version)
            if len(self._loaded) > self._size:
                self._loaded.popitem(last=False)
        else:
            self._loaded.move_to_end(key)
        return found

    def _load(self, model: str, version: int) -> Loaded:
        record = with_schema(self._blobs, self._registry.version(model, version))
        estimator = self._estimators.get(record.estimator)
        schema = msgspec.json.decode(record.schema, type=Schema)
        artefact = estimator.load(self._blobs.get(record.artefact))
        return Loaded(
            model, version, estimator, artefact, schema, RowReader(schema, threads=estimator.threads), record.decision
        )
