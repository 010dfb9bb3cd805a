"""A prepared table as a model's snapshot, and what is said of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import msgspec
import pyarrow as pa

from tasks.estimators.base import Dataset
from tasks.registry.records import Snapshot
from tasks.tables import formats
from tasks.tables.plan import Plan
from tasks.tables.planning.showing import shown_plan
from tasks.tables.side_by_side import FEW, WIDE_COLUMNS, each
from tasks.tables.sides import Sides
from tasks.worker.runtime import Runtime

#: How far the share of the holdout may be from what was asked for, and by how many rows, before it is said.
_SHARE_OFF: Final = 0.05
_ROWS_OFF: Final = 3
#: Fewer rows that measure than this are said to be few.
_FEW_TESTED: Final = 30


def stored(runtime: Runtime, dataset: Dataset, table: pa.Table, *, estimator: str, source: str) -> Snapshot:
    """The snapshot of a table, whose parts are stored; the model does not have it yet. `source`: that of the data, or
    none."""
    fingerprint, stored_parts = _written(runtime, dataset, table)
    sides, test = dataset.sides, dataset.test
    if test is None:
        sides = sides or Sides.of(dataset.train, dataset.holdout, target=dataset.schema.target)
    return Snapshot(
        estimator=estimator,
        schema=msgspec.Raw(msgspec.json.encode(dataset.schema)),
        fingerprint=fingerprint,
        train=stored_parts[0],
        holdout=stored_parts[1],
        test=stored_parts[2] if test is not None else "",
        sides=runtime.blobs.put(sides.to_bytes()) if sides is not None else "",
        choices=msgspec.json.encode(dataset.choices).decode(),
        options=dataset.options,
        rows=dataset.rows,
        holdout_rows=dataset.tested.num_rows,
        validation_rows=dataset.holdout.num_rows if test is not None else 0,
        target=dataset.schema.target,
        problem=dataset.schema.problem,
        plan=runtime.blobs.put(msgspec.json.encode(dataset.plan)),
        source=source,
        created_at=time.time(),
    )


def _written(runtime: Runtime, dataset: Dataset, table: pa.Table) -> tuple[str, list[str]]:
    """(the fingerprint of the table, the blobs of the parts of the dataset). Of a wide table all are made side by side;
    of a long one one after the other, so that no two are in memory."""
    parts = [part for part in (dataset.train, dataset.holdout, dataset.test) if part is not None]
    if table.num_columns <= WIDE_COLUMNS:
        return formats.fingerprint(table), [runtime.blobs.put(formats.to_ipc(part)) for part in parts]
    works: list[Callable[[], Any]] = [partial(formats.fingerprint, table)]
    works += [partial(formats.to_ipc, part) for part in parts]
    fingerprint, *written = each(lambda work: work(), works, threads=FEW)
    return fingerprint, [runtime.blobs.put(data) for data in written]


def told(model: str, snapshot: Snapshot, dataset: Dataset, *, lost: Sequence[str] = ()) -> dict[str, Any]:
    """What the result of an init says of a dataset with a plan. `lost`: warnings about what the last snapshot had."""
    schema, plan = dataset.schema, dataset.plan
    assert plan is not None
    return {
        "model": model,
        "estimator": snapshot.estimator,
        "target": schema.target,
        "problem": schema.problem,
        "classes": schema.classes,
        "rows": snapshot.rows,
        "holdout_rows": snapshot.holdout_rows,
        "validation_rows": snapshot.validation_rows,
        "columns": schema.columns,
        "fingerprint": snapshot.fingerprint,
        "plan": shown_plan(plan),
        "warnings": [*_said(plan), *_warnings(dataset), *lost, *_share_warnings(dataset)],
    }


def _said(plan: Plan) -> list[str]:
    """The findings of the plan that are more than a remark, in words."""
    said = (finding for finding in plan.findings if finding.severity != "info")
    return ["; ".join(filter(None, (finding.message, finding.done, finding.remedy))) for finding in said]


def _warnings(dataset: Dataset) -> list[str]:
    if dataset.rows and dataset.tested.num_rows < _FEW_TESTED:
        return [f"the holdout has only {dataset.tested.num_rows} rows: its metrics are rough"]
    return []


def _share_warnings(dataset: Dataset) -> list[str]:
    """Says if rows that keep their side leave another share to the holdout than was asked for."""
    if dataset.sides is None or dataset.sides.fraction is None:
        return []
    asked, held, rows = dataset.sides.fraction, dataset.tested.num_rows, dataset.rows
    if abs(held - asked * rows) <= max(_ROWS_OFF, _SHARE_OFF * rows):
        return []
    return [
        f"the holdout is {held / rows:.0%} of the rows where {asked:.0%} was asked for, as rows stay where the last"
        " snapshot had them; an init with another options.holdout deals all rows anew"
    ]
