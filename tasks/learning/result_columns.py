"""What the columns of a table of results are called."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tasks.tables.columns import Schema
from tasks.tables.value_types.writing import value_text

#: What the names of columns begin with that an estimator gives once a class, counted.
_OF_CLASSES = ("probability_", "raw_", "base_", "contribution_")
#: What comes before the name of a kept column that a result has as well.
KEPT = "kept_"


def result_names(names: Sequence[str], schema: Schema) -> list[str]:
    """The names of an estimator's columns, with the class for its number, as in `probability_leaves`."""
    if not schema.names_classes or not schema.classes:
        return list(names)
    several = schema.problem == "multiclass"
    return unique(_named(name, schema) if several or name.startswith("probability_") else name for name in names)


def kept_names(names: Iterable[str], taken: Sequence[str]) -> list[str]:
    """The names of columns that come back, none of which is one of the result's."""
    return unique([KEPT + name if name in taken else name for name in names], taken)


def unique(names: Iterable[str], taken: Sequence[str] = ()) -> list[str]:
    """The names, with a number behind each that was there before."""
    seen, found = set(taken), list[str]()
    for name in names:
        chosen, number = name, 2
        while chosen in seen:
            chosen, number = f"{name}_{number}", number + 1
        seen.add(chosen)
        found.append(chosen)
    return found


def _named(name: str, schema: Schema) -> str:
    start = next((start for start in _OF_CLASSES if name.startswith(start)), "")
    number, underscore, rest = name.removeprefix(start).partition("_")
    if not start or not number.isdecimal() or int(number) >= len(schema.classes):
        return name
    return f"{start}{value_text(schema.classes[int(number)])}{underscore}{rest}"
