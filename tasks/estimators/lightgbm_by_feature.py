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

#: Params of a value for each feature.
_EACH: Final = (
    *("monotone_constraints", "feature_contri", "max_bin_by_feature"),
    *("cegb_penalty_feature_lazy", "cegb_penalty_feature_coupled"),
)
#: Params whose values count features, which are not known before there is data.
BY_FEATURE: Final = (*_EACH, "interaction_constraints")
#: Types of which no order is that of their numbers, in the words of an error.
_UNORDERED: Final = {"category": "a category", "text": "text", "date": "a date, of which several numbers are made"}

Floats = npt.NDArray[np.float64]


def check_by_feature(params: Mapping[str, Any], schema: Schema) -> None:
    """Raise InvalidParams for params that do not fit the schema's columns.

    LightGBM ends the process on constraints of features that there are not, and on categories that shall rise.
    """
    count = len(schema.columns)
    signs = params.get("monotone_constraints", [0] * count)
    if not isinstance(signs, list | tuple) or len(signs) != count or any(sign not in (-1, 0, 1) for sign in signs):
        raise _fault("monotone_constraints", f"must be a list of {count} numbers of -1, 0 and 1, one a feature")
    for sign, column in zip(signs, schema.columns, strict=True):
        if sign and column.type in _UNORDERED:
            raise _fault("monotone_constraints", f"must be 0 for {column.name!r}, which is {_UNORDERED[column.type]}")
    groups = params.get("interaction_constraints", [])
    indices = range(count)
    if not isinstance(groups, list | tuple) or not all(
        isinstance(g, list | tuple) and all(i in indices for i in g) for g in groups
    ):
        raise _fault(
            "interaction_constraints",
            f"must be lists of features by index, from 0 to {count - 1}, such as [[0, 1], [2]]",
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


def _fault(name: str, reason: str) -> InvalidParams:
    return InvalidParams(f"{name} {reason}").at(json_pointer("params", name))
