"""From data to a snapshot: read, check, split, store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec
import pyarrow as pa

from tasks.errors import InvalidField, MalformedBody, ModelNotInitialised, Unavailable
from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.describing import described
from tasks.estimators.named_columns import with_columns
from tasks.estimators.without_rows import declared
from tasks.learning.dry_runs import look
from tasks.learning.guarding import check_unchanged, guarded
from tasks.learning.storing import stored, told
from tasks.ledger.groups import Claim, Head
from tasks.registry.names import check_name
from tasks.registry.snapshots import read_sides
from tasks.sources.asked import Asked
from tasks.sources.known import known_sources
from tasks.sources.reading import read_source
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.columns import Schema
from tasks.tables.findings import placed
from tasks.tables.memory import give_back
from tasks.tables.nested import nested_columns, nested_wishes
from tasks.tables.planning.finishing import plan_of_parts
from tasks.tables.planning.options import wishes_of
from tasks.tables.planning.source import Source
from tasks.tables.reading.bodies import read
from tasks.tables.reading.hints import CsvOptions, Hints
from tasks.tables.reading.result import Reading
from tasks.tables.sides import Sides
from tasks.tables.value_types.typing import typed
from tasks.tables.wishes import Wish
from tasks.worker.runtime import Runtime
from tasks.worker.time_limits import let_finish


class Request(msgspec.Struct, frozen=True):
    """What an init asks for, beside the data."""

    model: str
    target: str
    estimator: str
    options: dict[str, Any]
    claim: Claim | None = None
    #: Whether a model in use may get another target, problem or other columns.
    replace: bool = False
    #: The source that the data come from, as `Asked.label` has it; empty if none does.
    source: str = ""


def meant(
    runtime: Runtime, options: Mapping[str, Any], *, model: str, estimator: str, append: bool
) -> tuple[dict[str, Any], frozenset[str]]:
    """(the options with the columns that the estimator names itself, the columns whose cells may be objects and lists);
    of rows to append these are those of the data that are there. Raises InvalidField, ModelNotInitialised."""
    if append:
        schema = msgspec.json.decode(runtime.registry.snapshot(model).schema, type=Schema)
        return {**options}, nested_columns(schema.columns)
    said = {**with_columns(options, runtime.estimators.get(estimator).columns)}
    return said, nested_wishes(wishes_of(said))


def from_body(
    body: bytes,
    content_type: str,
    *,
    sheet: str = "",
    csv: CsvOptions = CsvOptions(),  # noqa: B008 (it is frozen)
    nested: frozenset[str] = frozenset(),
    bounds: Bounds = UNBOUNDED,
) -> Reading:
    """What is in a body; cells of `nested` columns may be objects and lists.

    Raises BodyTooLarge past `bounds`, MalformedBody, InvalidTable, InvalidField.
    """
    if not body:
        raise MalformedBody("the body is empty: send the table, such as CSV, JSON, Parquet, Arrow or .xlsx")
    return read(body, Hints(content_type=content_type, sheet=sheet, csv=csv, nested=nested), bounds=bounds)


def from_source(runtime: Runtime, asked: Asked, *, csv: CsvOptions = CsvOptions()) -> Reading:  # noqa: B008 (it is frozen)
    """What the operator allowed under this name, as `read_source` reads it."""
    with runtime.traces.step("source"):
        return read_source(known_sources(runtime.settings), asked, runtime.bounds, csv=csv)


def initialise(runtime: Runtime, request: Request, reading: Reading | None) -> dict[str, Any]:
    """Check the table and make it the model's latest snapshot; None: an estimator that needs no rows is to have none.
    Returns what `tasks.init` promises.

    Raises InvalidField, InvalidTable, InvalidTarget, FenceLost; nothing is changed then.
    """
    check_name(request.model)
    if reading is not None and not request.target:
        raise InvalidField("target is missing: name the column that is to be learned").at("?target")
    estimator = runtime.estimators.get(request.estimator)
    give_back()
    with runtime.traces.step("prepare", model=request.model, rows=reading.table.num_rows if reading else 0):
        table, dataset, lost = _prepared(runtime, request, estimator, reading)
    if not request.replace:
        check_unchanged(runtime, request.model, dataset.schema, plan=dataset.plan)
    give_back()
    with runtime.traces.step("store", model=request.model):
        snapshot = stored(runtime, dataset, table, estimator=request.estimator, source=request.source)
        # An init that has stored its snapshot does not fail any more.
        let_finish()
        runtime.registry.offers.put(request.estimator, msgspec.json.encode(described(request.estimator, estimator)))
        runtime.registry.set_snapshot(request.model, snapshot, claim=request.claim)
    return told(request.model, snapshot, dataset, lost=lost)


def _prepared(
    runtime: Runtime, request: Request, estimator: Estimator[Any], reading: Reading | None
) -> tuple[pa.Table, Dataset, list[str]]:
    """(the table as it was sent, what is learned from, what is to be said of rows that were held out before)."""
    options = {**request.options, **({"target": request.target} if request.target else {})}
    if reading is None:
        dataset = declared(estimator, options)
        return dataset.train, dataset, []
    table, source = typed_rows(reading, wishes_of(request.options))
    known, lost = _last_sides(runtime, request.model)
    return table, _planned(estimator.keeping(known).knowing(source).prepare(table, options)), lost


def _planned(dataset: Dataset) -> Dataset:
    """With a plan, also if an estimator prepared it in a way of its own."""
    return dataset if dataset.plan is not None else replace(dataset, plan=plan_of_parts(dataset.schema, dataset.train))


def look_at(runtime: Runtime, request: Request, reading: Reading | None, *, head: Head, body: bytes) -> dict[str, Any]:
    """What an init would make of a table, whose `body`, as it came, is kept with its `head` for an hour for one that
    names it as `upload`; nothing else is stored. Returns what `dry_runs.look` promises, model, estimator and upload.

    Raises InvalidField, InvalidTable.
    """
    check_name(request.model)
    estimator = runtime.estimators.get(request.estimator)
    if reading is None:
        raise InvalidField("there are no rows to look at; leave dry_run out").at("?dry_run")
    with runtime.traces.step("plan", model=request.model, rows=reading.table.num_rows):
        table, source = typed_rows(reading, wishes_of(request.options))
        seen = look(estimator, table, {**request.options, "target": request.target or None}, source=source)
    if not request.replace:
        plan = seen["plan"]
        found = [*plan.findings, *guarded(runtime, request.model, plan)]
        seen["plan"] = msgspec.structs.replace(plan, findings=found)
    upload = runtime.uploads.keep(head, body)
    return {"model": request.model, "estimator": request.estimator, "dry_run": True, "upload": upload, **seen}


def typed_rows(reading: Reading, wishes: Mapping[str, Wish]) -> tuple[pa.Table, Source]:
    """(what was read with each column as what its values are, where that comes from)."""
    # In a CSV all is text, so that texts which are numbers are worth no word.
    said = reading.format != "csv"
    table, found = typed(reading.table, wishes, decimal=reading.decimal, said=said)
    findings = [*reading.findings, *(placed(one, reading.lines_of) for one in found)]
    return table, Source(findings=findings, index=reading.index, lines_of=reading.lines_of)


def _last_sides(runtime: Runtime, model: str) -> tuple[Sides | None, list[str]]:
    """Which rows the model's last snapshot held out, if there is one; and a warning if that cannot be read."""
    try:
        return read_sides(runtime.blobs, runtime.registry.snapshot(model)), []
    except ModelNotInitialised:
        return None, []
    except Unavailable as error:
        # Trying again brings back nothing that is missing or damaged, and this init puts something whole in its place.
        return None, [f"which rows the last snapshot held out is lost, so others may be now: {error}"]
