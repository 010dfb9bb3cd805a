"""How a table is to be split: `options.holdout`, `options.split` and the roles of columns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast, get_args

from tasks.errors import InvalidField
from tasks.tables.checks import json_pointer, listed
from tasks.tables.columns import Schema
from tasks.tables.folds import FOLDS
from tasks.tables.splitting import HOLDOUT, Rule, Wanted

_POINTER: Final = "/options/split"
#: The fields of `options.split` where it is an object.
_FIELDS: Final = ("by", "folds")
#: The roles that may rule a split, the first one that is there if none is named.
_OF_RANKING: Final = ("time", "query")
_OF_OTHERS: Final = ("group", "time")


def wanted_of(options: Mapping[str, Any], schema: Schema) -> Wanted:
    """What the options and the columns' roles say; the group rules where both group and time are there. A ranking is
    split by its queries, or by time.

    Raises InvalidField.
    """
    given = options.get("split") or {}
    if isinstance(given, str):
        given = {"by": given}
    if not isinstance(given, Mapping) or any(name not in _FIELDS for name in given):
        raise InvalidField(f"split must be one of {listed(get_args(Rule))}, or an object of {listed(_FIELDS)}").at(
            _POINTER
        )
    ranking = schema.problem == "ranking"
    roles = [role for role in (_OF_RANKING if ranking else _OF_OTHERS) if schema.beside_of(cast(Any, role))]
    by = given.get("by", roles[0] if roles else "random")
    if by not in get_args(Rule):
        raise InvalidField(f"split must be by one of {listed(get_args(Rule))}, not {by!r}").at(_POINTER)
    if ranking and by not in _OF_RANKING:
        raise InvalidField(f"a ranking cannot be split by {by}, which parts rows of a query: use 'query' or 'time'").at(
            _POINTER
        )
    if by != "random" and by not in roles:
        raise InvalidField(f'a split by {by} needs a column of that role: options.columns = {{"its name": "{by}"}}').at(
            _POINTER
        )
    folds = given.get("folds", FOLDS)
    if isinstance(folds, bool) or folds not in (0, FOLDS):
        raise InvalidField(f"folds must be {FOLDS}, or 0 for no cross-validation").at(
            json_pointer("options", "split", "folds")
        )
    column = schema.beside_of(cast(Any, by)) if by != "random" else ""
    query = schema.beside_of("query") if ranking and by == "time" else ""
    crossed = bool(folds) and "folds" in given
    holdout = _fraction(options.get("holdout", HOLDOUT))
    return Wanted(holdout=holdout, by=cast(Rule, by), column=column, query=query, folds=folds, crossed=crossed)


def _fraction(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value <= 0.9:
        raise InvalidField("holdout must be a number greater than 0 and at most 0.9").at("/options/holdout")
    return float(value)
