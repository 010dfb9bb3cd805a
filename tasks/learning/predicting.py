"""Answers for many requests at once: rows of the same version are predicted together, each fails alone."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

import msgspec
import pyarrow as pa

from tasks.contract import Coding, Media
from tasks.errors import ServiceError
from tasks.estimators import asking
from tasks.learning.answers import Answers, check_size
from tasks.learning.conformal import interval_of
from tasks.learning.deciding import decided
from tasks.ledger.groups import Current
from tasks.ledger.outcomes import Outcome
from tasks.registry.names import check_name
from tasks.tables.bounds import CELL_BYTES, Bounds
from tasks.tables.columns import Schema
from tasks.tables.conforming.asked import Asked, asked
from tasks.tables.conforming.ways import Ways, ways_of
from tasks.tables.reading.bodies import Opened, open_body, read_opened
from tasks.tables.reading.hints import Hints
from tasks.tables.reading.sniffing import Format
from tasks.tables.unpacking import unpacked
from tasks.worker.model_cache import Loaded
from tasks.worker.runtime import Runtime
from tasks.worker.verdicts import INTERRUPTS, PASSING, failed

log = logging.getLogger(__name__)


class Request(msgspec.Struct, frozen=True):
    """One estimate. A version is a number or an alias; none means the current one."""

    model: str
    body: bytes
    version: int | str | None = None
    media: Media = Media.JSON
    #: What the request said of the body's type, where that is more or other.
    content_type: str = ""
    #: Which sheet of a workbook has the rows; empty: the first.
    sheet: str = ""
    #: How the body is compressed.
    coding: Coding | None = None
    accept: Media = Media.JSON
    explain: bool = False
    #: Whether text in a CSV is made safe for spreadsheets.
    spreadsheet: bool = False
    #: What else its query says: `unknown`, `missing`, `keep`, `interval`.
    query: Mapping[str, str] = {}

    @property
    def hints(self) -> Hints:
        """What is said of the body."""
        return Hints(content_type=self.content_type or self.media.value, sheet=self.sheet)


def answer(runtime: Runtime, requests: list[Request], *, currents: Mapping[str, Current]) -> list[Outcome]:
    """The outcome of each request, in order. `currents`: the current version of each model, where it has one.

    Raises passing errors and interrupts only.
    """
    outcomes: dict[int, Outcome] = {}
    groups: dict[tuple[str, Current, bool], list[int]] = defaultdict(list)
    aliases: dict[tuple[str, str], Current] = {}
    for index, request in enumerate(requests):
        try:
            version = _version(runtime, request, currents.get(request.model), aliases)
            if version is None:
                raise runtime.registry.not_trained(check_name(request.model))
            groups[request.model, version, request.explain].append(index)
        except ServiceError as error:
            outcomes[index] = failed(error)
    for (model, version, _), indexes in groups.items():
        found = _answer_version(runtime, model, version, requests=[requests[i] for i in indexes])
        outcomes.update(zip(indexes, found, strict=True))
    return [outcomes[index] for index in range(len(requests))]


def _version(
    runtime: Runtime, request: Request, current: Current | None, aliases: dict[tuple[str, str], Current]
) -> Current | None:
    """Which version answers; None if the model has no current one and none is named. `aliases`: those that were looked
    up before. Raises UnknownVersion."""
    if isinstance(request.version, str):
        name = request.model, request.version
        if name not in aliases:
            aliases[name] = runtime.aliases.find(check_name(request.model), request.version)
        return aliases[name]
    if request.version and (current is None or request.version != current.version):
        return Current(request.version, "")
    return current


def _answer_version(runtime: Runtime, model: str, version: Current, *, requests: list[Request]) -> list[Outcome]:
    try:
        loaded = runtime.models.get(model, version.version, identity=version.identity)
    except (*PASSING, *INTERRUPTS):
        raise
    except Exception as error:
        return [failed(error)] * len(requests)
    outcomes: dict[int, Outcome] = {}
    rows: list[tuple[int, Any]] = []
    for index, request in enumerate(requests):
        try:
            body = unpacked(request.body, request.coding, runtime.bounds)
            ways = ways_of(request.query)
            opened = None if _is_plain_json(request, body) else open_body(body, request.hints, runtime.bounds)
            if opened is None or opened.format is Format.JSON:
                rows.append((index, loaded.rows.read(opened.data if opened else body, runtime.bounds, ways)))
            else:
                found = _asked(opened, loaded.schema, ways, bounds=runtime.bounds)
                answers = _predict(runtime, loaded, found.table, explain=request.explain)
                outcomes[index] = answers.rows(
                    0,
                    found.table.num_rows,
                    request.accept,
                    spreadsheet=request.spreadsheet,
                    kept=found.kept,
                    notes=found.notes,
                    interval=interval_of(request.query),
                )
        except INTERRUPTS:
            raise
        except Exception as error:
            outcomes[index] = failed(error)
    outcomes.update(_answer_rows(runtime, loaded, rows, requests=requests))
    return [outcomes[index] for index in range(len(requests))]


def _is_plain_json(request: Request, body: bytes) -> bool:
    """Whether nothing needs to be found out: most requests are such."""
    return request.media is Media.JSON and body.startswith(b"{") and not request.content_type and not request.sheet


def _answer_rows(
    runtime: Runtime, loaded: Loaded, rows: list[tuple[int, Any]], *, requests: list[Request]
) -> dict[int, Outcome]:
    """Predict all rows in one call; if the estimator raises, one request at a time, to find whose rows it was. All of
    them are to be explained, or none is."""
    if not rows:
        return {}
    try:
        explain = requests[rows[0][0]].explain
        answers = _predict(runtime, loaded, loaded.rows.table([part for _, part in rows]), explain=explain)
        outcomes = {}
        start = 0
        for index, part in rows:
            request = requests[index]
            end = start + len(part)
            outcomes[index] = answers.rows(
                start,
                end,
                request.accept,
                spreadsheet=request.spreadsheet,
                kept=part.kept,
                notes=part.notes,
                interval=interval_of(request.query),
            )
            start += len(part)
        return outcomes
    except INTERRUPTS:
        raise
    except Exception as error:
        if len(rows) == 1:
            return {rows[0][0]: failed(error)}
        alone = [_answer_rows(runtime, loaded, [row], requests=requests) for row in rows]
        return {index: outcome for found in alone for index, outcome in found.items()}


def _asked(opened: Opened, schema: Schema, ways: Ways, *, bounds: Bounds) -> Asked:
    return asked(read_opened(opened, schema, bounds=bounds), schema, ways)


def _predict(runtime: Runtime, loaded: Loaded, table: pa.Table, *, explain: bool) -> Answers:
    # A class has a number in each row of the answer.
    runtime.bounds.check_bytes(table.num_rows * len(loaded.schema.classes) * CELL_BYTES)
    if explain:
        check_size(table.num_rows, loaded.schema)
    with runtime.traces.step("predict", model=loaded.model, version=loaded.version, rows=table.num_rows):
        asked_of = loaded.estimator, loaded.artefact, table, loaded.schema
        predictions = decided(asking.predictions(*asked_of), loaded.decision, loaded.schema)
        if news := loaded.estimator.news(loaded.artefact):
            log.info("version %d of %s: %s", loaded.version, loaded.model, news)
        return Answers(loaded, predictions, asking.explanation(*asked_of) if explain else None)
