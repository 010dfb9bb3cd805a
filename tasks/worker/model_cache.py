"""Model versions kept in memory: loaded once, used until they are the least recently used."""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import msgspec

from tasks.estimators.base import Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.protocols.inference_rows import TensorReader
from tasks.registry.measured import NO_DECISION, Decision
from tasks.registry.models_registry import Registry
from tasks.registry.schemas import with_schema
from tasks.storage.blobs import Blobs
from tasks.tables.columns import Schema
from tasks.tables.row_reader import RowReader

#: So many artefacts that were loaded before anybody asked for them are kept until somebody does.
MOST_AHEAD: Final = 4
#: A process that has this part of its cache free loads what it has not been asked for yet.
FREE_PART: Final = 0.5
#: What a version takes beside its artefact, as measured with models of three columns (bytes).
VERSION_BYTES: Final = 16 * 1024


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
    #: How long the artefact is as it is stored: a model of LightGBM takes as much in memory.
    bytes: int = 0

    @cached_property
    def tensors(self) -> TensorReader:
        """What reads rows that come as tensors."""
        return TensorReader(self.schema)


@dataclass(frozen=True)
class _Artefact:
    artefact: Any
    bytes: int


class ModelCache:
    """The versions that this process uses: at most `size`, of at most `bytes` together, but for the one in use.

    A version never changes, but in a Redis that lost what it knew another one may get its number: hence the identity.
    One thread asks for versions; another one may load ahead.
    """

    def __init__(self, registry: Registry, blobs: Blobs, estimators: Catalogue, *, size: int, bytes: int) -> None:  # noqa: A002 - what it counts
        self._registry = registry
        self._blobs = blobs
        self._estimators = estimators
        self._size, self._most_bytes = size, bytes
        self._loaded: OrderedDict[tuple[str, int, str], Loaded] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()
        self._ahead: OrderedDict[tuple[str, str], Future[_Artefact]] = OrderedDict()

    def get(self, model: str, version: int, *, identity: str = "") -> Loaded:
        """The version, loaded; without its identity, that is looked up. Raises UnknownVersion."""
        key = (model, version, identity or self._registry.identity(model, version))
        found = self._loaded.get(key)
        if found is None:
            found = self._load(model, version)
            with self._lock:
                self._loaded[key] = found
                self._bytes += found.bytes + VERSION_BYTES
                self._make_room()
        else:
            self._loaded.move_to_end(key)
        return found

    @property
    def ahead(self) -> int:
        """How many artefacts are here that nobody has asked for."""
        return len(self._ahead)

    def wants(self, model: str) -> bool:
        """Whether a version of this model that is promoted shall be loaded: this process has one of it, or much room
        left."""
        with self._lock:
            has_room = self._bytes < FREE_PART * self._most_bytes and len(self._loaded) < FREE_PART * self._size
            return has_room or any(name == model for name, _, _ in self._loaded)

    def load_ahead(self, estimator: str, artefact: str, blobs: Blobs) -> None:
        """Load an artefact that will be asked for, in another thread than the one that asks, which waits for it then.
        Raises what loading raises."""
        key, loading = (estimator, artefact), Future[_Artefact]()
        with self._lock:
            if key in self._ahead:
                return
            self._ahead[key] = loading
            if len(self._ahead) > MOST_AHEAD:
                self._ahead.popitem(last=False)
        try:
            loading.set_result(self._read(estimator, artefact, blobs))
        except BaseException as error:
            # Who asks finds out by itself.
            with self._lock:
                self._ahead.pop(key, None)
            loading.set_exception(error)
            raise

    def _make_room(self) -> None:
        while len(self._loaded) > self._size or (self._bytes > self._most_bytes and len(self._loaded) > 1):
            _, dropped = self._loaded.popitem(last=False)
            self._bytes -= dropped.bytes + VERSION_BYTES

    def _load(self, model: str, version: int) -> Loaded:
        record = with_schema(self._blobs, self._registry.version(model, version))
        estimator = self._estimators.get(record.estimator)
        schema = msgspec.json.decode(record.schema, type=Schema)
        found = self._found_ahead(record.estimator, record.artefact)
        if found is None:
            found = self._read(record.estimator, record.artefact, self._blobs)
        return Loaded(
            model, version, estimator, found.artefact, schema, RowReader(schema), record.decision, found.bytes
        )

    def _found_ahead(self, estimator: str, artefact: str) -> _Artefact | None:
        with self._lock:
            loading = self._ahead.pop((estimator, artefact), None)
        if loading is None:
            return None
        error = loading.exception()
        return None if error is not None else loading.result()

    def _read(self, estimator: str, artefact: str, blobs: Blobs) -> _Artefact:
        data = blobs.get(artefact)
        return _Artefact(self._estimators.get(estimator).load(data), len(data))
