"""Predictions of many requests' rows, written for each request in the media type that it asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any

import msgspec
import pyarrow as pa

from tasks import tables
from tasks.contract import Media, State
from tasks.groups import Outcome
from tasks.models import Loaded

_encode = msgspec.json.Encoder().encode


class Answers:
    """The predictions of one version, row after row."""

    def __init__(self, loaded: Loaded, predictions: pa.Table) -> None:
        self._loaded = loaded
        self._predictions = predictions

    def rows(self, start: int, stop: int, accept: Media) -> Outcome:
        """The outcome of the request whose rows these are."""
        if accept is Media.JSON:
            return Outcome(State.SUCCEEDED, accept, _encode(self._document(start, stop)))
        part = self._predictions.slice(start, stop - start).replace_schema_metadata(self._metadata)
        return Outcome(State.SUCCEEDED, accept, tables.write(part, accept))

    def _document(self, start: int, stop: int) -> dict[str, Any]:
        document = {
            "model": self._loaded.model,
            "version": self._loaded.version,
            "predictions": self._values[start:stop],
        }
        if self._loaded.schema.classes:
            document["probabilities"] = self._probabilities[start:stop]
            document["classes"] = self._loaded.schema.classes
        return document

    @cached_property
    def _values(self) -> list[Any]:
        return _listed(self._predictions.column("prediction"))

    @cached_property
    def _probabilities(self) -> list[tuple[float, ...]]:
        names = [f"probability_{index}" for index in range(len(self._loaded.schema.classes))]
        return list(zip(*(_listed(self._predictions.column(name)) for name in names), strict=True))

    @cached_property
    def _metadata(self) -> dict[str, str]:
        """What a table says beside its columns: `classes` is the JSON list that `probability_<i>` counts through."""
        metadata = {"model": self._loaded.model, "version": str(self._loaded.version)}
        if self._loaded.schema.classes:
            metadata["classes"] = _encode(self._loaded.schema.classes).decode()
        return metadata


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """The column's values; numbers by way of numpy, which is several times faster."""
    if pa.types.is_floating(column.type) and not column.null_count:
        values: list[Any] = column.to_numpy().tolist()
        return values
    return list(column.to_pylist())
