"""Params that speak of features by their place. Those who give them count the schema's columns; LightGBM counts the
numbers that come of these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.errors import InvalidParams
from tasks.tables.checks import json_pointer
from tasks.tables.columns import Schema
from tasks.tables.planning.options import named

#: Params of a value for each feature.
_EACH: Final = (
    *("monotone_constraints", "feature_contri", "max_bin_by_feature"),
    *("cegb_penalty_feature_lazy", "cegb_penalty_feature_coupled"),
)
#: Params whose values count features, which are not known before there is data.
BY_FEATURE: Final = (*_EACH, "interaction_constraints")
#: Params that may name columns in place of counting them.
BY_NAME: Final = ("monotone_constraints", "interaction_constraints")
#: Objectives whose leaves are set anew after the fit, so that LightGBM has no order for them.
_UNSIGNED: Final = (
    *("quantile", "regression_l1", "l1", "mean_absolute_error", "mae", "mape", "mean_absolute_percentage_error"),
)
#: Types of which no order is that of their numbers, in the words of an error.
_UNORDERED: Final = {"category": "a category", "text": "text", "date": "a date, of which several numbers are made"}

Floats = npt.NDArray[np.float64]


def by_place(params: Mapping[str, Any], schema: Schema) -> dict[str, Any]:
    """The params with columns that they name as places: `monotone_constraints` may be {column: 1 or -1}, and
    `interaction_constraints` lists of columns. Raises InvalidParams for columns that there are not."""
    found, places = dict(params), {name: place for place, name in enumerate(schema.names)}
    signs = found.get("monotone_constraints")
    if isinstance(signs, Mapping):
        _check_names("monotone_constraints", list(signs), schema)
        found["monotone_constraints"] = [signs.get(name, 0) for name in schema.names]
    groups = found.get("interaction_constraints")
    if isinstance(groups, list | tuple) and all(isinstance(group, list | tuple) for group in groups):
        _check_names("interaction_constraints", [i for g in groups for i in g if isinstance(i, str)], schema)
        found["interaction_constraints"] = [[places.get(i, i) for i in group] for group in groups]
    return found


def check_by_feature(params: dict[str, Any], schema: Schema, *, objective: str = "") -> None:
    """Raise InvalidParams for params that do not fit the schema's columns or the objective; signs that are all 0 are
    taken out, which the objectives without them refuse, too.

    LightGBM ends the process on constraints of features that there are not, and on categories that shall rise.
    """
    count = len(schema.columns)
    signs = params.get("monotone_constraints", [0] * count)
    if not isinstance(signs, list | tuple) or len(signs) != count or any(sign not in (-1, 0, 1) for sign in signs):
        raise _fault(
            "monotone_constraints",
            f"must be a list of {count} numbers of -1, 0 and 1, one a feature, or an object of names and 1 or -1",
        )
    for sign, column in zip(signs, schema.columns, strict=True):
        if sign and column.type in _UNORDERED:
            raise _fault("monotone_constraints", f"must be 0 for {column.name!r}, which is {_UNORDERED[column.type]}")
    if any(signs) and objective in _UNSIGNED:
        raise _fault("monotone_constraints", f"cannot be used with the objective {objective!r}: leave one of them out")
    if not any(signs):
        params.pop("monotone_constraints", None)
    groups = params.get("interaction_constraints", [])
    indices = range(count)
    if not isinstance(groups, list | tuple) or not all(
        isinstance(g, list | tuple) and all(i in indices for i in g) for g in groups
    ):
        raise _fault(
            "interaction_constraints",
            f"must be lists of features by index, from 0 to {count - 1}, such as [[0, 1], [2]], or by name",
        )


def spread(params: Mapping[str, Any], widths: Sequence[int]) -> dict[str, Any]:
    """Params for the schema's columns as params for the numbers that come of them; `widths`: how many of each column.

    All numbers of a column have its value, and are in its groups. Raises InvalidParams for a list of another length.
    """
    found = dict(params)
    if sum(widths) == len(widths):
        return found
    for name in _EACH:
        if name in found:
            values = found[name]
            if not isinstance(values, list | tuple) or len(values) != len(widths):
                raise _fault(name, f"must be a list of {len(widths)} numbers, one a feature")
            found[name] = [value for value, width in zip(values, widths, strict=True) for _ in range(width)]
    if groups := found.get("interaction_constraints"):
        ends = np.cumsum(widths).tolist()
        found["interaction_constraints"] = [
            [place for index in group for place in range(ends[index] - widths[index], ends[index])] for group in groups
        ]
    return found


def summed(values: Floats, widths: Sequence[int]) -> Floats:
    """What each column has, where the last axis has what each of its numbers has."""
    if sum(widths) == len(widths):
        return values
    starts = np.cumsum([0, *widths[:-1]])
    found: Floats = np.add.reduceat(values, starts, axis=-1)
    return found


def _check_names(param: str, given: Sequence[str], schema: Schema) -> None:
    if unknown := [name for name in given if name not in schema.names]:
        raise _fault(param, f"names columns that are not learned from: {named(unknown, schema.names)}")


def _fault(name: str, reason: str) -> InvalidParams:
    return InvalidParams(f"{name} {reason}").at(json_pointer("params", name))
