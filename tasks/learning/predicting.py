"""Answers for many requests at once: rows of the same version are predicted together, each fails alone."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Mapping

import msgspec
import pyarrow as pa

from tasks.contract import Coding, Media
from tasks.errors import ServiceError
from tasks.estimators import asking
from tasks.learning.answers import Answers, check_size
from tasks.learning.conformal import interval_of
from tasks.learning.deciding import decided
from tasks.learning.tensors import answer_tensors
from tasks.ledger.groups import Current
from tasks.ledger.outcomes import Outcome
from tasks.protocols.inference_body import Inference
from tasks.protocols.invocation import read_invocation
from tasks.protocols.names import JSON_SIZE_IS
from tasks.registry.names import check_name
from tasks.tables.batch import Batch
from tasks.tables.bounds import CELL_BYTES, Bounds
from tasks.tables.columns import Schema
from tasks.tables.conforming.asked import Asked, asked
from tasks.tables.conforming.ways import Ways, ways_of
from tasks.tables.number_rows import OtherRows
from tasks.tables.reading.bodies import Opened, open_body, read_opened
from tasks.tables.reading.hints import Hints
from tasks.tables.reading.sniffing import Format
from tasks.tables.rows import Rows
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


#: Which request it is, its rows, which are predicted with those of others, and what else it says if it is an inference
#: request.
Part = tuple[int, Rows, Inference | None]


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
    rows: list[Part] = []
    for index, request in enumerate(requests):
        try:
            if request.media is Media.INFERENCE:
                rows.append((index, *_read_tensors(request, loaded, runtime.bounds)))
                continue
            body = unpacked(request.body, request.coding, runtime.bounds)
            ways = ways_of(request.query)
            opened = None if _is_plain_json(request, body) else open_body(body, request.hints, runtime.bounds)
            if opened is None or opened.format is Format.JSON:
                data = opened.data if opened else body
                if request.media is Media.INVOCATION:
                    part = read_invocation(data, loaded.schema, runtime.bounds, ways)
                else:
                    part = loaded.rows.begin(data, runtime.bounds, ways)
                rows.append((index, part, None))
            else:
                found = _asked(opened, loaded.schema, ways, bounds=runtime.bounds)
                answers = _predict(runtime, loaded, Batch.of(found.table), explain=request.explain)
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


def _read_tensors(request: Request, loaded: Loaded, bounds: Bounds) -> tuple[Rows, Inference]:
    body = request.body
    # Clients go on saying how an earlier body was compressed: nothing that is begins so.
    if not body.startswith(b"{"):
        body = unpacked(body, request.coding, bounds)
    size = request.content_type.partition(JSON_SIZE_IS)[2]
    return loaded.tensors.read_body(body, int(size) if size else None, bounds, ways_of(request.query))


def _is_plain_json(request: Request, body: bytes) -> bool:
    """Whether nothing needs to be found out: most requests are such."""
    return request.media is Media.JSON and body.startswith(b"{") and not request.content_type and not request.sheet


def _answer_rows(runtime: Runtime, loaded: Loaded, parts: list[Part], *, requests: list[Request]) -> dict[int, Outcome]:
    """Predict all rows in one call; if the estimator raises, one request at a time, to find whose rows it was. All of
    them are to be explained, or none is."""
    if not parts:
        return {}
    try:
        explain = requests[parts[0][0]].explain
        answers = _predict(runtime, loaded, loaded.rows.batch([part for _, part, _ in parts]), explain=explain)
        outcomes = {}
        start = 0
        for part in parts:
            end = start + len(part[1])
            outcomes[part[0]] = _told(answers, start, end, part, requests[part[0]])
            start = end
        return outcomes
    except INTERRUPTS:
        raise
    except OtherRows:
        return _others(runtime, loaded, parts, requests=requests)
    except Exception as error:
        if len(parts) == 1:
            return {parts[0][0]: failed(error)}
        alone = [_answer_rows(runtime, loaded, [part], requests=requests) for part in parts]
        return {index: outcome for found in alone for index, outcome in found.items()}


def _others(runtime: Runtime, loaded: Loaded, parts: list[Part], *, requests: list[Request]) -> dict[int, Outcome]:
    """The same where some rows were taken for numbers, and are not: only those are read anew."""
    outcomes: dict[int, Outcome] = {}
    read: list[Part] = []
    for index, rows, inference in parts:
        try:
            read.append((index, rows.settled(), inference))
        except INTERRUPTS:
            raise
        except Exception as error:
            outcomes[index] = failed(error)
    return outcomes | _answer_rows(runtime, loaded, read, requests=requests)


def _told(answers: Answers, start: int, end: int, part: Part, request: Request) -> Outcome:
    """The outcome of the request whose rows these are; what it asks for and cannot have is its own fault alone."""
    _, rows, inference = part
    kept, notes, interval = rows.kept, rows.notes, interval_of(request.query)
    try:
        if inference is not None:
            return answer_tensors(
                answers, start, end, inference, kept=kept, notes=notes, interval=interval, query=request.query
            )
        return answers.rows(
            start,
            end,
            request.accept,
            spreadsheet=request.spreadsheet,
            kept=kept,
            notes=notes,
            interval=interval,
        )
    except ServiceError as error:
        return failed(error)


def _asked(opened: Opened, schema: Schema, ways: Ways, *, bounds: Bounds) -> Asked:
    return asked(read_opened(opened, schema, bounds=bounds), schema, ways)


def _predict(runtime: Runtime, loaded: Loaded, rows: Batch, *, explain: bool) -> Answers:
    estimator, artefact, schema = loaded.estimator, loaded.artefact, loaded.schema
    # A class has a number in each row of the answer.
    runtime.bounds.check_bytes(len(rows) * len(schema.classes) * CELL_BYTES)
    if explain:
        check_size(len(rows), schema)
    with runtime.traces.step("predict", model=loaded.model, version=loaded.version, rows=len(rows)):
        predictions = asking.answers(estimator, artefact, rows, schema)
        # Of numbers alone there is nothing to decide.
        if isinstance(predictions, pa.Table):
            predictions = decided(predictions, loaded.decision, schema)
        runtime.sampler.see(loaded.model, loaded.version, schema, rows)
        if news := estimator.news(artefact):
            log.info("version %d of %s: %s", loaded.version, loaded.model, news)
        explanation = asking.explanation(estimator, artefact, rows.table, schema) if explain else None
        return Answers(loaded, predictions, explanation)
