"""The plan as it is kept: what drafting found, with figures of the rows to learn from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from tasks.tables.columns import Problem, Schema
from tasks.tables.findings import Finding
from tasks.tables.plan import ColumnPlan, Plan
from tasks.tables.planning.draft import Draft, Drafted
from tasks.tables.planning.grouping import grouped
from tasks.tables.planning.number_statistics import NumberStatistics, number_statistics
from tasks.tables.planning.other_statistics import described


def planned(draft: Draft, schema: Schema, train: pa.Table, numbers: NumberStatistics) -> Plan:
    """The plan of a table, with the figures of these of its rows. `numbers`: of the schema's columns of numbers."""
    columns = dict(_features(schema, train, numbers))
    for name, drafted in draft.columns.items():
        if name in columns:
            columns[name] = msgspec.structs.replace(columns[name], given=drafted.given)
        else:
            columns[name] = _beside(name, drafted, draft.table.num_rows)
    listed = [columns[name] for name in draft.columns]
    return _plan(listed, draft.findings, target=draft.target, problem=draft.problem)


def drafted_plan(draft: Draft) -> Plan:
    """The plan of a table that is only looked at: without the figures."""
    columns = [_beside(name, drafted, draft.table.num_rows) for name, drafted in draft.columns.items()]
    return Plan(columns=columns, target=draft.target, problem=draft.problem, findings=grouped(draft.findings))


def plan_of_parts(schema: Schema, train: pa.Table, findings: Sequence[Finding] = ()) -> Plan:
    """The plan of data that were prepared without one."""
    numbers = number_statistics(train, [column.name for column in schema.columns if column.type == "number"])
    columns = [column for _, column in _features(schema, train, numbers)]
    columns.append(ColumnPlan(name=schema.target, role="target", rows=train.num_rows))
    columns += [ColumnPlan(name=beside.name, role=beside.role) for beside in schema.beside]
    return _plan(columns, findings, target=schema.target, problem=schema.problem)


def _plan(
    columns: list[ColumnPlan], findings: Sequence[Finding], *, target: str | None, problem: Problem | None
) -> Plan:
    row: dict[str, Any] = {column.name: column.typical for column in columns if column.role == "feature"}
    return Plan(columns=columns, target=target, problem=problem, findings=grouped(findings), row=row)


def _features(schema: Schema, train: pa.Table, numbers: NumberStatistics) -> Iterator[tuple[str, ColumnPlan]]:
    counted = iter(_number_plans(schema, train.num_rows, numbers))
    for index, column in enumerate(schema.columns):
        if column.type == "number":
            yield column.name, next(counted)
        else:
            yield column.name, described(column, train.column(index))


def _number_plans(schema: Schema, rows: int, numbers: NumberStatistics) -> Iterator[ColumnPlan]:
    columns = [column for column in schema.columns if column.type == "number"]
    figures = numbers.figures
    lists = (figures.missing.tolist(), figures.low.tolist(), figures.high.tolist(), numbers.distinct.tolist())
    for column, missing, low, high, distinct, quantiles in zip(
        columns, *lists, numbers.quantiles.T.tolist(), strict=True
    ):
        known = missing < rows
        yield ColumnPlan(
            name=column.name,
            role="feature",
            type="number",
            format=column.format,
            rows=rows,
            missing=missing,
            distinct=distinct,
            min=low if known else None,
            max=high if known else None,
            quantiles=quantiles if known else [],
            typical=column.typical,
        )


def _beside(name: str, drafted: Drafted, rows: int) -> ColumnPlan:
    return ColumnPlan(
        name=name,
        role=drafted.role,
        type=drafted.type,
        format=drafted.format,
        given=drafted.given,
        rows=rows,
        missing=drafted.missing,
        distinct=drafted.distinct or 0,
    )
