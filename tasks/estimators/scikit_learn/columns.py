"""The ColumnTransformer of a schema: what makes one matrix of columns of all kinds."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any, Final

from tasks.errors import InvalidParams
from tasks.estimators.scikit_learn.library import load_module
from tasks.estimators.scikit_learn.steps import DROP, KINDS, PASSTHROUGH, Asked, default_of
from tasks.tables.checks import json_pointer
from tasks.tables.columns import ColumnType, Schema

#: The kind of each type of column. Dates have become numbers before.
_KIND: Final[dict[ColumnType, str]] = {
    "number": "numbers",
    "boolean": "numbers",
    "category": "categories",
    "text": "text",
}
#: Sparse (CSR) whenever a part is: whether the steps want it so is known after.
_ALWAYS_SPARSE: Final = 1.0


def transformer_of(schema: Schema, asked: Asked) -> Any:
    """The transformer, unfitted, whose columns are places. Raises InvalidParams for steps of kinds that the table has
    not, and if nothing is left."""
    places: dict[str, list[int]] = {kind: [] for kind in KINDS}
    for place, column in enumerate(schema.columns):
        places[_KIND[column.type]].append(place)
    for kind in asked.kinds:
        if not places[kind] and not is_dropped(asked, kind):
            raise InvalidParams(
                f"{kind}: the table has no columns of that kind; say what they are at init, as in"
                f' {{"columns": {{"NAME": {{"type": "{_type(kind)}"}}}}}}'
            ).at(json_pointer("params", kind))
    kinds = [kind for kind in KINDS if places[kind] and not is_dropped(asked, kind)]
    parts: list[tuple[str, Any, Any]] = []
    for kind in kinds:
        parts += _parts(kind, _step(kind, asked, kinds), places[kind])
    if not parts:
        raise InvalidParams("no column is left to learn from: all kinds that the table has are dropped").at("/params")
    compose = load_module("sklearn.compose")
    return compose.ColumnTransformer(parts, sparse_threshold=_ALWAYS_SPARSE)


def is_dropped(asked: Asked, kind: str) -> bool:
    """Whether a request leaves the columns of a kind out."""
    step = asked.kinds.get(kind)
    return isinstance(step, str) and step == DROP


def accepts(step: Any, what: str) -> bool:
    """Whether a step takes input that is `sparse`, has missing values (`allow_nan`), or must not have numbers below 0
    (`positive_only`)."""
    if isinstance(step, str):
        return what != "positive_only"
    return bool(getattr(load_module("sklearn.utils").get_tags(step).input_tags, what))


def _step(kind: str, asked: Asked, kinds: Collection[str]) -> Any:
    if kind in asked.kinds:
        return asked.kinds[kind]
    if kind == "numbers":
        if _takes_missing(asked, sparse=len(kinds) > 1):
            return PASSTHROUGH
        return default_of(kind, positive=any(accepts(step, "positive_only") for _, step in asked.steps))
    return default_of(kind)


def _takes_missing(asked: Asked, *, sparse: bool) -> bool:
    """Whether steps take numbers as they are: until one has filled in what is missing, or to the end.

    Trees take missing numbers in an array only, and no sparse matrix is made one for them.
    """
    for _, step in asked.steps:
        if type(step).__module__.startswith("sklearn.impute."):
            return True
        if not accepts(step, "allow_nan"):
            return False
    return not sparse or not all(accepts(step, "sparse") for _, step in asked.steps)


def _parts(kind: str, step: Any, places: list[int]) -> list[tuple[str, Any, Any]]:
    """A vectorizer takes one column, and there is one for each; other steps take all."""
    if kind != "text":
        return [(kind, step, places)]
    clone = load_module("sklearn.base").clone
    names = [kind, *(f"{kind}-{number}" for number in range(2, len(places) + 1))]
    return [(name, clone(step), place) for name, place in zip(names, places, strict=True)]


def _type(kind: str) -> str:
    return next(name for name, found in _KIND.items() if found == kind)
