"""What LightGBM's own text says of a model: its columns, its categories, what it predicts.

Source of the format: GBDT::SaveModelToString of LightGBM 4 (src/boosting/gbdt_model_text.cpp), and the line
`pandas_categorical` that its Python package adds.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any, Final

from tasks.errors import InvalidField
from tasks.tables.checks import listed
from tasks.tables.columns import Column, Problem
from tasks.tables.value_types.writing import value_text

#: What is predicted, by the name of the objective; what is not here is the raw sum of the trees.
PROBLEMS: Final[dict[str, Problem]] = {
    "binary": "binary",
    "multiclass": "multiclass",
    "multiclassova": "multiclass",
    "lambdarank": "ranking",
    "rank_xendcg": "ranking",
}
#: The line after which the params stand.
_PARAMS: Final = "\nparameters:\n"
_LEVELS: Final = "\npandas_categorical:"
_RANGE: Final = re.compile(r"\[(\S+):(\S+)\]")


@dataclass(frozen=True, slots=True)
class Described:
    """What a text says."""

    #: The features, as LightGBM calls them.
    names: list[str]
    #: What it says of each: `[least:largest]`, `code:code` of a category, `none` where it does not vary.
    infos: list[str]
    problem: Problem
    #: How many classes there are; 1 if it predicts none.
    classes: int
    #: The features that are categories, by place.
    categorical: list[int]
    #: The categories of each of those whose codes are the places in a list, as pandas has them.
    levels: list[list[Any]] = field(default_factory=list)


def describe(text: str) -> Described:
    """Read a model's text. Raises InvalidField if that is none."""
    head = dict(line.partition("=")[::2] for line in text.partition("\n\n")[0].splitlines() if "=" in line)
    if not text.startswith("tree\n") or "feature_names" not in head:
        raise InvalidField("the model is not in LightGBM's text format, as `Booster.save_model` writes it")
    names, infos = head["feature_names"].split(" "), head.get("feature_infos", "").split(" ")
    if len(infos) != len(names):
        infos = ["none"] * len(names)
    problem = PROBLEMS.get(head.get("objective", "").partition(" ")[0], "regression")
    classes = {"binary": 2, "multiclass": int(head.get("num_class", "1"))}.get(problem, 1)
    said = re.search(r"^\[categorical_feature: ([0-9,]+)\]$", text.partition(_PARAMS)[2], re.MULTILINE)
    known = {int(place) for place in said[1].split(",") if place} if said else set()
    # A text without params tells it by its codes.
    known |= {place for place, info in enumerate(infos) if ":" in info and not info.startswith("[")}
    return Described(names, infos, problem, classes, sorted(known), _levels(text))


def _levels(text: str) -> list[list[Any]]:
    _, mark, rest = text.rpartition(_LEVELS)
    if not mark:
        return []
    try:
        found = json.loads(rest.partition("\n")[0])
    except ValueError as error:
        raise InvalidField(f"the model's list of categories cannot be read: {error}") from error
    return found or []


def columns(found: Described, names: list[str], booleans: frozenset[str] = frozenset()) -> list[Column]:
    """The columns of tables for this model, called `names`; anything may be missing in them. Raises InvalidField."""
    if len(names) != len(found.names):
        raise InvalidField(f"the schema has {len(names)} columns, the model {len(found.names)}: {listed(found.names)}")
    if found.levels and len(found.levels) != len(found.categorical):
        raise InvalidField(
            f"the model has {len(found.categorical)} columns of categories and {len(found.levels)} lists of them, so"
            " that it cannot be told which belongs to which; give a schema that says the categories of each column"
        )
    # Without lists the codes themselves are what a table has.
    levels = dict(zip(found.categorical, found.levels, strict=True)) if found.levels else {}
    return [_column(name, found.infos[place], levels.get(place), name in booleans) for place, name in enumerate(names)]


def _column(name: str, info: str, levels: list[Any] | None, boolean: bool) -> Column:
    if levels is not None:
        texts = [value_text(level) for level in levels]
        if len(set(texts)) < len(texts):
            raise InvalidField(f"two categories of {name!r} are written alike: {listed(texts)}")
        return Column(name=name, type="category", categories=texts, nullable=True)
    if boolean:
        return Column(name=name, type="boolean", nullable=True)
    match = _RANGE.fullmatch(info)
    low, high = (float(match[1]), float(match[2])) if match else (None, None)
    return Column(name=name, type="number", nullable=True, min=low, max=high)
