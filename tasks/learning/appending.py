"""New rows beside those that a model has: `init?append=true`. Rows keep their part of the split; new ones are dealt as
an init of all would deal them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tasks.contract import DEFAULT_ESTIMATOR
from tasks.errors import Conflict, InvalidField, InvalidTable
from tasks.estimators.base import Dataset
from tasks.learning.ingest import Request, typed_rows
from tasks.learning.storing import stored, told
from tasks.registry.names import check_name
from tasks.registry.records import Snapshot
from tasks.registry.snapshots import read_dataset, read_sides
from tasks.tables.arrow_kinds import type_of
from tasks.tables.checks import listed
from tasks.tables.choices import Choices
from tasks.tables.columns import Schema
from tasks.tables.findings import Finding
from tasks.tables.memory import give_back
from tasks.tables.plan import Plan
from tasks.tables.planning.beside import CARRIED
from tasks.tables.planning.naming import distinct_names
from tasks.tables.reading.result import Reading
from tasks.tables.schema import plain
from tasks.tables.splitting import PARTS
from tasks.tables.value_types.notices import AS_SAID
from tasks.tables.wishes import Wish
from tasks.worker.runtime import Runtime
from tasks.worker.time_limits import let_finish

#: How often it is begun anew because other rows came first.
TRIES: Final = 5
_POINTER: Final = "?append"


def append(runtime: Runtime, request: Request, reading: Reading | None) -> dict[str, Any]:
    """Add these rows to the model's data. Returns what `tasks.init` promises of all rows, and how many were `appended`.

    Raises ModelNotInitialised, InvalidField, InvalidTable, InvalidTarget, Conflict, FenceLost; nothing is changed then.
    """
    check_name(request.model)
    if reading is None:
        raise InvalidField("append adds rows, and none were sent").at(_POINTER)
    if request.options:
        raise InvalidField(
            "options say what columns are and how rows are split, which the model's data say already: leave them out"
            " where rows are appended"
        ).at("?options")
    if request.claim is not None and runtime.registry.has_stored(request.claim):
        # Its worker ended after that: the rows are there, and are not to be there twice.
        return _done(runtime, request.model)
    for _ in range(TRIES):
        before, record = runtime.registry.dated_snapshot(request.model)
        _check_same(request, before)
        with runtime.traces.step("prepare", model=request.model, rows=reading.table.num_rows):
            table, dataset = _joined(runtime, before, reading)
        give_back()
        with runtime.traces.step("store", model=request.model):
            source = ", ".join(dict.fromkeys(filter(None, (before.source, request.source))))
            snapshot = stored(runtime, dataset, table, estimator=before.estimator, source=source)
            let_finish()
            done = runtime.registry.set_snapshot(request.model, snapshot, claim=request.claim, made_of=record)
        if done:
            return {**told(request.model, snapshot, dataset), "appended": snapshot.rows - before.rows}
    raise Conflict(f"the data of the model {request.model} changed {TRIES} times meanwhile: send the rows again")


def _done(runtime: Runtime, model: str) -> dict[str, Any]:
    snapshot = runtime.registry.snapshot(model)
    dataset = read_dataset(runtime.blobs, snapshot)
    return told(model, snapshot, replace(dataset, plan=_plan_of(runtime, snapshot)))


def _check_same(request: Request, before: Snapshot) -> None:
    if request.target not in ("", before.target):
        raise InvalidField(f"the target of the model's data is {before.target!r}, not {request.target!r}").at("?target")
    if request.estimator not in (DEFAULT_ESTIMATOR, before.estimator):
        raise InvalidField(f"the model's data are for {before.estimator!r}, not {request.estimator!r}").at("?estimator")


def _joined(runtime: Runtime, before: Snapshot, reading: Reading) -> tuple[pa.Table, Dataset]:
    """(all rows as they are learned from, the new ones first; the same prepared)."""
    dataset = read_dataset(runtime.blobs, before)
    if dataset.test is None or not dataset.rows:
        raise Conflict(
            "rows cannot be appended to data that an earlier release stored, or that are none: init with all rows"
        ).at(_POINTER)
    schema = dataset.schema
    parts = [dataset.train, dataset.holdout, dataset.test]
    known = _written(pa.concat_tables(parts))
    codes = np.repeat(np.array(PARTS, dtype=np.int8), [part.num_rows for part in parts])
    sides = read_sides(runtime.blobs, before)
    table, source = typed_rows(reading, _wishes(schema, known))
    source = replace(source, findings=[_as_in_data(one) for one in source.findings])
    table, _ = distinct_names(table)
    _check_names(table.column_names, known.column_names, schema, index=reading.index)
    # In front, so that rows are numbered as they were sent.
    whole = pa.concat_tables([_aligned(table, known), known])
    bounds = replace(runtime.bounds, what="the model's data with these rows", remedy="init with fewer rows")
    bounds.check(rows=whole.num_rows, columns=whole.num_columns, taken=whole.nbytes)
    ready = runtime.estimators.get(before.estimator).keeping(sides, last=codes).knowing(source)
    found = ready.prepare(whole, _options(schema, dataset.choices, before))
    plan = _with_left_out(found.plan, _plan_of(runtime, before))
    beside = msgspec.structs.replace(found.schema, beside=schema.beside)
    return whole, replace(found, schema=beside, plan=plan, choices=dataset.choices)


def _written(table: pa.Table) -> pa.Table:
    """The rows with their categories as texts."""
    return pa.table([plain(column) for column in table.columns], names=table.column_names)


def _wishes(schema: Schema, known: pa.Table) -> dict[str, Wish]:
    """What the columns of new rows are to be: what they are in the rows that are there."""
    wishes = {column.name: Wish(type=column.type, format=column.format) for column in schema.columns}
    for name in known.column_names:
        if name not in wishes:
            wishes[name] = Wish(type=type_of(known.schema.field(name).type))
    return wishes | {one.name: Wish(role=one.role) for one in schema.beside if one.role in ("ignore", "key")}


def _as_in_data(found: Finding) -> Finding:
    return msgspec.structs.replace(found, message=found.message.replace(AS_SAID, "as in the model's data"))


def _check_names(given: list[str], known: list[str], schema: Schema, *, index: frozenset[str]) -> None:
    allowed = {*known, *(one.name for one in schema.beside), *index}
    missing, unknown = ([n for n in known if n not in given], [n for n in given if n not in allowed])
    faults = [f"they have no {listed(missing)}"] if missing else []
    faults += [f"the data have no {listed(unknown)}"] if unknown else []
    if faults:
        raise InvalidTable(f"these rows do not fit the model's data: {'; '.join(faults)}").at("/columns")


def _aligned(table: pa.Table, known: pa.Table) -> pa.Table:
    """The new rows with the columns of those that are there, in their order and types."""
    columns = []
    for field in known.schema:
        values = table.column(field.name)
        try:
            columns.append(plain(values).cast(field.type, safe=not pa.types.is_floating(field.type)))
        except pa.ArrowException:
            raise InvalidTable(
                f"column {field.name!r} of these rows holds {values.type} where that of the model's data holds"
                f" {field.type}"
            ) from None
    return pa.Table.from_arrays(columns, schema=known.schema)


def _options(schema: Schema, choices: Choices, before: Snapshot) -> dict[str, Any]:
    """The options by which the rows that are there were prepared."""
    columns: dict[str, Any] = {
        column.name: {"role": "feature", "type": column.type, "format": column.format} for column in schema.columns
    }
    columns |= {one.name: one.role for one in schema.beside if one.role in CARRIED}
    return {
        **before.options,
        "target": schema.target,
        "problem": schema.problem,
        "columns": columns,
        "holdout": choices.holdout or before.holdout_rows / before.rows,
        "split": choices.split,
    }


def _with_left_out(plan: Plan | None, before: Plan | None) -> Plan | None:
    """The plan with the columns that were left out of the first rows."""
    if plan is None or before is None:
        return plan
    found = {column.name: column for column in plan.columns}
    known = [found.pop(column.name, column) for column in before.columns]
    return msgspec.structs.replace(plan, columns=[*known, *found.values()])


def _plan_of(runtime: Runtime, snapshot: Snapshot) -> Plan | None:
    return msgspec.json.decode(runtime.blobs.get(snapshot.plan), type=Plan) if snapshot.plan else None
