"""The target: the rows that have it, what it is, and whether it can be learned."""

from __future__ import annotations

from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.checks import RANGE, listed, number_fault
from tasks.tables.columns import AMOUNTS, ClassType, Problem
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.limits import FEWEST_OF_CLASS, FEWEST_ROWS, MOST_CATEGORIES
from tasks.tables.planning.problems import guess, whole
from tasks.tables.planning.sampling import sampled
from tasks.tables.planning.values import missing
from tasks.tables.schema import numbers

#: Texts are no classes if so many of them (part) differ.
UNIQUE: Final = 0.9
#: That a class has more rows than this (part) is said.
IMBALANCED: Final = 0.9

#: So many values are looked at first.
_LOOK: Final = 1000

Kind = Literal["number", "boolean", "category"]


def keep_rows_with_target(draft: Draft) -> None:
    """Leave out the rows that do not have the target, and find whether there are enough others."""
    names = draft.table.column_names
    if draft.target is not None and draft.target not in names:
        message = f"there is no column {draft.target!r} to be the target; the table has {listed(names, most=50)}"
        draft.find("unknown_target", message)
        draft.target = None
    if draft.target is not None:
        lost = missing(draft.table.column(draft.target))
        if lost.all() and len(lost):
            message = f"target {draft.target!r} has no value in any row; name another target"
            draft.find("target_constant", message, column=draft.target, count=len(lost))
            return
        if lost.any():
            rows = np.flatnonzero(lost)
            message = f"target {draft.target!r} is missing in {len(rows)} rows"
            draft.find("missing_target", message, column=draft.target, count=len(rows), rows=rows.tolist()[:10])
            draft.keep_rows(~lost)
    if draft.table.num_rows < FEWEST_ROWS:
        message = f"the table has {draft.table.num_rows} rows; at least {FEWEST_ROWS} rows are needed"
        draft.find("few_rows", message, count=draft.table.num_rows)


def look_at_target(draft: Draft, asked: Problem | None) -> None:
    """Find the problem: the one that is asked for if the target's values fit it, or else a guess by them."""
    if draft.target is None or draft.faults:
        return
    name, values = draft.target, draft.table.column(draft.target)
    kind = _kind(draft, values)
    if kind is None:
        return
    if kind == "number" and (fault := number_fault(numbers(values), nullable=False)):
        message = f"row {fault[0]}, column {name!r}: {RANGE}"
        draft.find("target_range", message, column=name, rows=[fault[0]], count=1)
        return
    amounts = kind == "number" and asked in (None, "regression") and _has_fractions(values)
    distinct, counted = _counts(sampled(pa.table([values], [name])).column(0) if amounts else values)
    draft.columns[name].distinct = distinct
    if distinct == 1 and (not amounts or pc.count_distinct(values).as_py() == 1):
        message = (
            f"target {name!r} has the same value in every row; there is nothing to learn; name another target, or add"
            " rows"
        )
        draft.find("target_constant", message, column=name, count=len(values))
        return
    many = kind == "number" and distinct > MOST_CATEGORIES
    draft.problem = asked or ("regression" if amounts or many else guess(list(counted), rows=len(values), kind=kind))
    if asked is None and kind == "number" and not amounts and whole(list(counted)):
        _say_guess(draft, name, distinct)
    if draft.problem in AMOUNTS:
        if kind != "number":
            words = "text" if kind == "category" else "true/false"
            draft.find("target_problem", f"target {name!r} holds {words}; a {draft.problem} needs numbers", column=name)
        return
    _check_classes(draft, name, counted, distinct=distinct)


def classes_of(draft: Draft) -> tuple[list[Any], ClassType]:
    """The classes of the target, sorted, and what they are; none of amounts."""
    if draft.problem in AMOUNTS or draft.target is None:
        return [], "none"
    values = draft.table.column(draft.target)
    kind = values.type
    if pa.types.is_integer(kind):
        type_: ClassType = "integer"
    elif pa.types.is_floating(kind):
        type_ = "float"
    else:
        type_ = "boolean" if pa.types.is_boolean(kind) else "string"
    return sorted(pc.unique(values).to_pylist()), type_


def _kind(draft: Draft, values: pa.ChunkedArray) -> Kind | None:
    assert draft.target is not None
    kind = draft.columns[draft.target].type
    if kind in ("number", "boolean", "category"):
        return kind
    message = f"target {draft.target!r} is {values.type}; it must be numbers, true/false or text"
    draft.find("target_type", message, column=draft.target)
    return None


def _has_fractions(values: pa.ChunkedArray) -> bool:
    """Whether there is a number among the first that is not whole: then all are amounts."""
    floats = values.slice(0, _LOOK).to_numpy() if pa.types.is_floating(values.type) else np.zeros(0)
    return bool((np.floor(floats) != floats).any())


def _counts(values: pa.ChunkedArray) -> tuple[int, dict[Any, int]]:
    """How many values differ, and how often each comes of so many that all are there if they can be classes."""
    found = pc.value_counts(values)
    return len(found), {one["values"]: one["counts"] for one in found[: MOST_CATEGORIES + 1].to_pylist()}


def _say_guess(draft: Draft, name: str, distinct: int) -> None:
    taken = "amounts (a regression)" if draft.problem == "regression" else f"classes ({draft.problem})"
    message = f"target {name!r} has {distinct} different whole numbers, which are taken as {taken}"
    draft.find("problem_guessed", message, column=name, count=distinct)


def _check_classes(draft: Draft, name: str, counted: dict[Any, int], *, distinct: int) -> None:
    values = draft.table.num_rows
    if draft.problem == "binary" and distinct != 2:
        message = f"target {name!r} has {distinct} values; binary needs two, else use multiclass"
        draft.find("target_problem", message, column=name)
    elif distinct > MOST_CATEGORIES:
        message = (
            f"target {name!r} has {distinct} classes, at most {MOST_CATEGORIES} can be learned; group them, or use"
            " problem=regression for numbers"
        )
        draft.find("many_classes", message, column=name, count=distinct)
    elif distinct >= UNIQUE * values:
        message = f"target {name!r} has {distinct} different values in {values} rows; classes come more than once"
        draft.find("unique_target", message, column=name, count=distinct)
    else:
        _look_at_shares(draft, name, counted)


def _look_at_shares(draft: Draft, name: str, counted: dict[Any, int]) -> None:
    values, most = sum(counted.values()), max(counted, key=counted.__getitem__)
    if counted[most] > IMBALANCED * values:
        message = f"{counted[most] / values:.1%} of the rows have the same class {most!r} of target {name!r}"
        draft.find("imbalance", message, column=name, count=counted[most])
    if rare := sorted((value for value, count in counted.items() if count < FEWEST_OF_CLASS), key=str):
        message = f"target {name!r} has {len(rare)} classes with fewer than {FEWEST_OF_CLASS} rows: {listed(rare)}"
        draft.find("rare_class", message, column=name, count=len(rare))
