"""Predictions of many requests' rows, written for each request in the media type that it asked for."""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final

import msgspec
import pyarrow as pa

from tasks.contract import Media, State
from tasks.errors import InvalidField
from tasks.ledger.groups import Outcome
from tasks.tables import formats
from tasks.tables.columns import Schema
from tasks.tables.spreadsheet import neutralised
from tasks.worker.model_cache import Loaded

#: Most numbers in one explanation: some 40 MB of JSON.
MOST_NUMBERS: Final = 2_000_000

_encode = msgspec.json.Encoder().encode


class Answers:
    """The predictions of one version, row after row, and their explanation (`Estimator.explain`) if it is wanted."""

    def __init__(self, loaded: Loaded, predictions: pa.Table, explanation: pa.Table | None = None) -> None:
        self._loaded = loaded
        self._predictions = predictions
        self._explanation = explanation

    def rows(self, start: int, stop: int, accept: Media, *, spreadsheet: bool = False) -> Outcome:
        """The outcome of the request whose rows these are; in a CSV for a `spreadsheet` no text is a formula."""
        if accept is Media.JSON:
            return Outcome(State.SUCCEEDED, accept, _encode(self._document(start, stop)), rows=stop - start)
        part = self._whole.slice(start, stop - start).replace_schema_metadata(self._metadata)
        if spreadsheet and accept is Media.CSV:
            part = neutralised(part)
        return Outcome(State.SUCCEEDED, accept, formats.write(part, accept), rows=stop - start)

    def _document(self, start: int, stop: int) -> dict[str, Any]:
        document = {
            "model": self._loaded.model,
            "version": self._loaded.version,
            "predictions": self._values[start:stop],
        }
        if self._loaded.schema.classes:
            document["probabilities"] = self._probabilities[start:stop]
            document["classes"] = self._loaded.schema.classes
        if self._explanation is not None:
            document |= explained(self._explanation.slice(start, stop - start), self._loaded.schema)
        return document

    @cached_property
    def _whole(self) -> pa.Table:
        """All that a table shows."""
        if self._explanation is None:
            return self._predictions
        columns = [*self._predictions.columns, *self._explanation.columns]
        return pa.table(columns, names=[*self._predictions.column_names, *self._explanation.column_names])

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


def check_size(rows: int, schema: Schema) -> None:
    """Raise InvalidField if an explanation of so many rows would be too large to be told."""
    width = (len(schema.columns) + 2) * (len(schema.classes) if schema.problem == "multiclass" else 1)
    if rows * width > MOST_NUMBERS:
        raise InvalidField(
            f"explain would give {rows * width:,} numbers for {rows:,} rows; send at most {MOST_NUMBERS // width:,}"
        ).at("?explain")


def explained(explanation: pa.Table, schema: Schema) -> dict[str, Any]:
    """`raw`, and `contributions` with the names of the `columns`, their `values` and the `base`: in each row base and
    values sum to raw. For multiclass each row has a list for each class in place of a number."""
    columns = [_listed(column) for column in explanation.columns]
    width = len(schema.columns) + 2
    blocks = [columns[start : start + width] for start in range(0, len(columns), width)]
    raw, base = [block[0] for block in blocks], [block[1] for block in blocks]
    values = [list(zip(*block[2:], strict=True)) for block in blocks]
    if schema.problem != "multiclass":
        contributions = {"columns": schema.names, "values": values[0], "base": base[0]}
        return {"raw": raw[0], "contributions": contributions}
    contributions = {"columns": schema.names, "values": _by_row(values), "base": _by_row(base)}
    return {"raw": _by_row(raw), "contributions": contributions}


def _by_row(lists: list[list[Any]]) -> list[tuple[Any, ...]]:
    return list(zip(*lists, strict=True))


def _listed(column: pa.ChunkedArray) -> list[Any]:
    """The column's values; numbers by way of numpy, which is several times faster."""
    if pa.types.is_floating(column.type) and not column.null_count:
        values: list[Any] = column.to_numpy().tolist()
        return values
    return list(column.to_pylist())
