"""Predictions of many requests' rows, written for each request in the media type that it asked for."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tasks.contract import Media, State
from tasks.errors import InvalidField
from tasks.estimators.outcomes import QUANTILE, quantile_name
from tasks.learning.conformal import class_sets, interval_bounds
from tasks.learning.kept import listed_values, with_kept
from tasks.learning.notes_header import header_of
from tasks.learning.result_columns import result_names
from tasks.ledger.outcomes import Outcome
from tasks.tables import formats
from tasks.tables.batch import Numbers
from tasks.tables.columns import Schema
from tasks.tables.conforming.notes import Notes
from tasks.tables.findings import Finding
from tasks.tables.spreadsheet import neutralised
from tasks.worker.model_cache import Loaded

#: Most numbers in one explanation: some 40 MB of JSON.
MOST_NUMBERS: Final = 2_000_000

_encode = msgspec.json.Encoder().encode


class Answers:
    """The predictions of one version, row after row, and their explanation (`Estimator.explain`) if it is wanted."""

    def __init__(self, loaded: Loaded, predictions: pa.Table | Numbers, explanation: pa.Table | None = None) -> None:
        """`predictions`: as `asking.answers` gives them."""
        self.loaded = loaded
        self._given = predictions
        self._explanation = explanation

    def rows(
        self,
        start: int,
        stop: int,
        accept: Media,
        *,
        spreadsheet: bool = False,
        kept: Mapping[str, Any] | None = None,
        notes: Notes | None = None,
        interval: float | None = None,
    ) -> Outcome:
        """The outcome of the request whose rows these are; in a CSV for a `spreadsheet` no text is a formula.

        `kept`: columns of the rows that come back with them, in front; `notes`: what was done with the rows;
        `interval`: how often the truth shall be in the interval, or the set of classes, that comes with each
        prediction. Raises InvalidField if the version cannot say one.
        """
        found = notes.found if notes else []
        noted = dict(notes.counts) if notes else {}
        if accept is Media.JSON:
            document = self._document(start, stop, kept=kept, notes=found)
            if interval is not None:
                document |= {"interval": interval, **self._uncertain(start, stop, interval)}
            body = _encode(document)
            return Outcome(State.SUCCEEDED, accept, body, rows=stop - start, noted=noted)
        part = self.table(start, stop, kept=kept, interval=interval)
        metadata = self._metadata
        if interval is not None:
            metadata = metadata | {"interval": f"{interval:g}"}
        if found:
            metadata = metadata | {"notes": _encode(found).decode()}
        part = part.replace_schema_metadata(metadata)
        if spreadsheet and accept is Media.CSV:
            part = neutralised(part)
        body, header = formats.write(part, accept), header_of(found) if found else ""
        return Outcome(State.SUCCEEDED, accept, body, rows=stop - start, notes=header, noted=noted)

    def table(
        self, start: int, stop: int, *, kept: Mapping[str, Any] | None = None, interval: float | None = None
    ) -> pa.Table:
        """All that is told of these rows, as columns. Raises InvalidField if the version cannot say an interval."""
        part = self._whole.slice(start, stop - start)
        if interval is not None:
            part = with_uncertain(part, self._uncertain(start, stop, interval))
        return with_kept(part, kept) if kept else part

    @property
    def explains(self) -> bool:
        """Whether an explanation comes with them."""
        return self._explanation is not None

    def values(self, start: int, stop: int) -> list[Any]:
        """The predictions alone."""
        return self._values[start:stop]

    def _document(
        self, start: int, stop: int, *, kept: Mapping[str, Any] | None, notes: list[Finding]
    ) -> dict[str, Any]:
        document: dict[str, Any] = {"model": self.loaded.model, "version": self.loaded.version}
        if kept:
            document["kept"] = listed_values(kept)
        document["predictions"] = self._values[start:stop]
        if self._levels:
            document["quantiles"] = self._quantiles[start:stop]
            document["alpha"] = self._levels
        if self.loaded.schema.classes:
            document["probabilities"] = self._probabilities[start:stop]
            document["classes"] = self.loaded.schema.classes
        if self._explanation is not None:
            document |= explained(self._explanation.slice(start, stop - start), self.loaded.schema)
        if notes:
            document["notes"] = notes
        return document

    def _uncertain(self, start: int, stop: int, level: float) -> dict[str, list[Any]]:
        """The `intervals` of a regression, or the `sets` of classes."""
        loaded = self.loaded
        if loaded.schema.problem == "ranking":
            raise InvalidField("interval cannot be told of a ranking: scores only put rows in order").at("?interval")
        if loaded.schema.classes:
            chances = self._probabilities[start:stop]
            return {"sets": class_sets(chances, loaded.schema.classes, loaded.decision, level)}
        low, high = interval_bounds(np.asarray(self._values[start:stop]), loaded.decision, level)
        return {"intervals": list(zip(low.tolist(), high.tolist(), strict=True))}

    @cached_property
    def _whole(self) -> pa.Table:
        """All that a table shows of the model."""
        columns, names = list(self._predictions.columns), list(self._predictions.column_names)
        if self._explanation is not None:
            columns += self._explanation.columns
            names += self._explanation.column_names
        return pa.table(columns, names=result_names(names, self.loaded.schema))

    @cached_property
    def _predictions(self) -> pa.Table:
        """What is predicted, as a table."""
        return self._given if isinstance(self._given, pa.Table) else pa.table({"prediction": self._given})

    @cached_property
    def _values(self) -> list[Any]:
        if isinstance(self._given, np.ndarray):
            numbers: list[Any] = self._given.tolist()
            return numbers
        return _listed(self._predictions.column("prediction"))

    @cached_property
    def _levels(self) -> list[float]:
        """The quantiles that are predicted, growing; most versions predict none."""
        if isinstance(self._given, np.ndarray):
            return []
        names = self._predictions.column_names
        return [float(name.removeprefix(QUANTILE)) for name in names if name.startswith(QUANTILE)]

    @cached_property
    def _quantiles(self) -> list[tuple[float, ...]]:
        found = (_listed(self._predictions.column(quantile_name(level))) for level in self._levels)
        return list(zip(*found, strict=True))

    @cached_property
    def _probabilities(self) -> list[tuple[float, ...]]:
        names = [f"probability_{index}" for index in range(len(self.loaded.schema.classes))]
        return list(zip(*(_listed(self._predictions.column(name)) for name in names), strict=True))

    @cached_property
    def _metadata(self) -> dict[str, str]:
        """What a table says beside its columns: `classes` is the JSON list of them, in the order of their columns."""
        metadata = {"model": self.loaded.model, "version": str(self.loaded.version)}
        if self.loaded.schema.classes:
            metadata["classes"] = _encode(self.loaded.schema.classes).decode()
        return metadata


def with_uncertain(part: pa.Table, found: dict[str, list[Any]]) -> pa.Table:
    """The table of results with `interval_low` and `interval_high`, or `prediction_set` (a JSON list of classes)."""
    if "sets" in found:
        return part.append_column(
            "prediction_set", pa.array([_encode(one).decode() for one in found["sets"]], pa.string())
        )
    for place, name in enumerate(("interval_low", "interval_high")):
        part = part.append_column(name, pa.array([one[place] for one in found["intervals"]], pa.float64()))
    return part


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
