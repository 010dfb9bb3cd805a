"""The data of a model that needs none: columns that are declared, and no rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pyarrow as pa

from tasks.errors import InvalidField
from tasks.estimators import fields
from tasks.estimators.base import Estimator
from tasks.estimators.dataset import Dataset
from tasks.tables.checks import json_pointer
from tasks.tables.columns import Column, Problem, Schema
from tasks.tables.planning.finishing import plan_of_parts
from tasks.tables.planning.options import problem_of, wishes_of
from tasks.tables.schema import arrow_schema, target_type

#: What an init without rows may say beside options that the estimator names.
_SAID: Final = ("target", "problem", "columns")


def declared(estimator: Estimator[Any], options: Mapping[str, Any]) -> Dataset:
    """The dataset of an init without rows: the columns that `options.columns` names with their types, else those of the
    estimator. `options` has the `target`, if one is named.

    Raises InvalidField for options that mean nothing without rows, and where no columns are declared.
    """
    own = fields.own(estimator.Options, options)
    if idle := [name for name in options if name not in (*_SAID, *own)]:
        raise InvalidField(f"{idle[0]} says what is done with rows, and there are none; leave it out").at(
            json_pointer("options", idle[0])
        )
    schema = _schema(estimator, options)
    empty = arrow_schema(schema).append(pa.field(schema.target, target_type(schema))).empty_table()
    plan = plan_of_parts(schema, empty)
    return Dataset(train=empty, holdout=empty, test=empty, schema=schema, plan=plan, options=own)


def _schema(estimator: Estimator[Any], options: Mapping[str, Any]) -> Schema:
    columns = [
        _column(name, wish.type, wish.format) for name, wish in wishes_of(options).items() if wish.role == "feature"
    ] or [said if isinstance(said, Column) else _column(name, said) for name, said in estimator.columns.items()]
    if not columns:
        raise InvalidField(
            "an init without rows says which columns a row has, such as options.columns"
            ' {"seconds": "number"}; this estimator names none'
        ).at("/options/columns")
    target, classes = options.get("target") or estimator.target, [*estimator.classes]
    if target in [column.name for column in columns]:
        raise InvalidField(f"the target {target!r} is one of the columns; name another").at("?target")
    problem: Problem = "regression" if not classes else "binary" if len(classes) == 2 else "multiclass"
    if problem_of(options) not in (None, problem):
        raise InvalidField(f"this estimator answers a {problem} problem; leave problem out").at("/options/problem")
    return Schema(
        columns=columns,
        target=target,
        problem=problem,
        classes=[*classes],
        class_type="string" if classes else "none",
        names_classes=True,
    )


def _column(name: str, kind: Any, form: str = "") -> Column:
    if kind is None:
        raise InvalidField(f'column {name!r} needs a type where there are no rows, such as "number"').at(
            json_pointer("options", "columns", name)
        )
    if kind == "category":
        raise InvalidField(f'column {name!r}: without rows no categories are known; say "text"').at(
            json_pointer("options", "columns", name)
        )
    return Column(name, kind, format=form)
