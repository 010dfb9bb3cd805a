"""Models of the service in memory: functions, or versions that were taken along from a real service."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tasks.calling.memory_tables import Row, read_rows, write_result
from tasks.calling.request import Request
from tasks.contract import REFUSE, Media, State
from tasks.errors import (
    EstimatorFailed,
    InvalidRows,
    ModelNotInitialised,
    ModelNotTrained,
    ServiceError,
    UnknownVersion,
)
from tasks.ledger.outcomes import Outcome
from tasks.tables.conforming.ways import names_in

#: Predicts rows, which are objects by the names of columns: a value for each.
Predict = Callable[[list[Row]], Sequence[Any]]
#: What a version makes of a request; `version` is its number.
Answering = Callable[[Request, int], Outcome]
#: What the result of a train says of itself beside what the version is.
TRAINED: Final[Mapping[str, Any]] = {"seconds": 0.0, "importance": {}, "params_used": {}, "fingerprint": ""}


@dataclass
class MemoryModel:
    """One model: its rows, its versions by number, and which of them answers."""

    name: str
    target: str = ""
    rows: list[Row] | None = None
    columns: list[str] = field(default_factory=list)
    versions: dict[int, Answering] = field(default_factory=dict)
    current: int | None = None

    def add_version(self, answering: Answering, *, promote: bool = True) -> int:
        """Add a version. Returns its number."""
        number = max(self.versions, default=0) + 1
        self.versions[number] = answering
        if promote:
            self.current = number
        return number

    def asked(self, named: str) -> tuple[int, Answering]:
        """The version of this number, or the current one if none is named. Raises UnknownVersion, ModelNotTrained,
        ModelNotInitialised."""
        if self.rows is None and not self.versions:
            raise ModelNotInitialised(f"the model {self.name!r} has no data; initialise it first")
        number = int(named) if named.isdecimal() else self.current
        if number is None:
            raise ModelNotTrained(f"the model {self.name!r} has no current version; train it first")
        if number not in self.versions or (named and not named.isdecimal() and named != "current"):
            raise UnknownVersion(f"the model {self.name} has no version {named or number}").at("?version")
        return number, self.versions[number]


def by_function(model: MemoryModel, predict: Predict) -> Answering:
    """A version that is a function."""

    def answer(request: Request, version: int) -> Outcome:
        rows = read_rows(request, model.columns)
        known = set(model.columns)
        unknown = sorted({name for row in rows for name in row} - known) if known else []
        if unknown and request.query.get("unknown") == REFUSE:
            raise InvalidRows(f"the model {model.name} does not know the column {unknown[0]!r}")
        notes = [{"code": "unknown_column", "column": name} for name in unknown if name != model.target]
        given = [{name: cell for name, cell in row.items() if not known or name in known} for row in rows]
        document = {"model": model.name, "version": version, "predictions": _predicted(predict, given)}
        kept = _kept(request, rows)
        body = write_result(request.accept, {**document, **kept, **({"notes": notes} if notes else {})})
        header = "" if request.accept is Media.JSON or not notes else msgspec.json.encode(notes).decode()
        return Outcome(State.SUCCEEDED, request.accept.value, body, rows=len(rows), notes=header)

    return answer


def typical(rows: Sequence[Row], target: str) -> Predict:
    """What is predicted where no function was given: the mean of the target, or its most frequent value."""
    values = [row[target] for row in rows if row.get(target) is not None]
    numbers = all(isinstance(value, int | float) and not isinstance(value, bool) for value in values)
    value = (statistics.fmean(values) if numbers else statistics.mode(values)) if values else None
    return lambda asked: [value] * len(asked)


def _predicted(predict: Predict, rows: list[Row]) -> list[Any]:
    try:
        values = list(predict(rows))
    except ServiceError:
        raise
    except Exception as error:
        raise EstimatorFailed(f"{type(error).__name__}: {error}") from error
    if len(values) != len(rows):
        raise EstimatorFailed(f"the function gave {len(values)} predictions for {len(rows)} rows")
    return values


def _kept(request: Request, rows: list[Row]) -> dict[str, Any]:
    names = request.query.get("keep")
    if not names:
        return {}
    return {"kept": {name: [row.get(name) for row in rows] for name in names_in(names)}}
