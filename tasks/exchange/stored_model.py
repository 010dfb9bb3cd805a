"""A version that was taken along answers without a service, with the same code as a worker."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final, cast

from tasks.calling.request import Request as Asked
from tasks.estimators.catalogue import Catalogue
from tasks.exchange.archives import unzip
from tasks.exchange.importing import read
from tasks.learning.predicting import Request, answer
from tasks.ledger.groups import Current
from tasks.ledger.outcomes import Outcome
from tasks.registry.measured import NO_DECISION
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.row_reader import RowReader
from tasks.telemetry.traces import UNTRACED, Traces
from tasks.worker.model_cache import Loaded
from tasks.worker.runtime import Runtime

#: Most bytes of what is in a zip.
MOST_BYTES: Final = 2**31


class StoredModel:
    """A version in a zip of `mlservice models export`, or of MLflow."""

    def __init__(self, model: str, data: bytes) -> None:
        """`model`: what it is called here. Raises MalformedBody, InvalidField for what is not taken."""
        brought = read(unzip(data, most_bytes=MOST_BYTES))
        estimator = Catalogue({}, threads=1).get(brought.estimator)
        decision = brought.version.decision if brought.version is not None else NO_DECISION
        schema = brought.schema
        self._loaded = Loaded(
            model, 0, estimator, estimator.load(brought.artefact), schema, RowReader(schema), decision
        )

    def answer(self, asked: Asked, version: int) -> Outcome:
        """The outcome of an estimate, as a worker makes it; `version`: the number that it has here."""
        loaded = replace(self._loaded, version=version)
        query = dict(asked.query)
        request = Request(
            loaded.model,
            asked.body,
            version,
            asked.media,
            accept=asked.accept,
            explain="explain" in query,
            spreadsheet="spreadsheet" in query,
            sheet=query.get("sheet", ""),
            query=query,
        )
        runtime = cast(Runtime, _Alone(_One(loaded)))
        (outcome,) = answer(runtime, [request], currents={loaded.model: Current(version, "")})
        return outcome


@dataclass(frozen=True)
class _One:
    """The only version that there is, in place of a cache."""

    loaded: Loaded

    def get(self, model: str, version: int, *, identity: str = "") -> Loaded:
        """It."""
        return self.loaded


class _Unseen:
    """Nobody watches what is asked here."""

    def see(self, *_: object) -> None:
        """Nothing is kept."""


@dataclass(frozen=True)
class _Alone:
    """What of a worker's runtime an estimate needs of a version that is known."""

    models: _One
    bounds: Bounds = UNBOUNDED
    traces: Traces = UNTRACED
    sampler: _Unseen = field(default_factory=_Unseen)
