"""What an init may be told of a table: `options`, read whole, so that all that is wrong with them is said at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from typing import Any, Final, cast, get_args

from tasks.errors import InvalidField
from tasks.tables.checks import json_pointer, listed
from tasks.tables.columns import ColumnType, Problem, Role
from tasks.tables.value_types.forms import format_fault
from tasks.tables.wishes import Wish

#: What `Estimator.prepare` reads.
OPTIONS: Final = (
    *("target", "problem", "holdout", "columns", "split"),
    *("metric", "threshold", "calibrate", "class_weight"),
)
#: What a column may be said to be in one word; the target has a parameter of its own.
ROLES: Final[tuple[str, ...]] = tuple(role for role in get_args(Role) if role != "target")
TYPES: Final[tuple[str, ...]] = get_args(ColumnType)
#: The fields of a column that is described by an object.
FIELDS: Final = ("role", "type", "format")


def check_options(options: Mapping[str, Any], known: Collection[str] = OPTIONS) -> None:
    """Raises InvalidField for options that are not known, all of them at once."""
    unknown = [name for name in options if name not in known]
    if unknown:
        raise InvalidField(
            f"unknown options: {named(unknown, known)}; known are {listed(tuple(known), most=len(known))}"
        ).at(json_pointer("options", unknown[0]))


def problem_of(options: Mapping[str, Any], *, queries: bool = False) -> Problem | None:
    """The problem that is asked for; with `queries`, which a column has, that is a ranking. Raises InvalidField."""
    problem = options.get("problem", "ranking" if queries else None)
    if problem is not None and problem not in get_args(Problem):
        raise InvalidField(f"problem must be one of {listed(get_args(Problem))}, not {problem!r}").at(
            "/options/problem"
        )
    if queries and problem != "ranking":
        raise InvalidField(
            f"problem is {problem!r} where a column has the role query, which makes it a ranking; leave one of them"
            " out, or give the column the role group"
        ).at("/options/problem")
    if problem == "ranking" and not queries:
        raise InvalidField(
            'a ranking needs a column that says which rows are ranked together: options.columns = {"its name": "query"}'
        ).at("/options/problem")
    return cast(Problem | None, problem)


def wishes_of(options: Mapping[str, Any]) -> dict[str, Wish]:
    """What `options.columns` says. Raises InvalidField, which names all columns at fault."""
    given = options.get("columns") or {}
    if not isinstance(given, Mapping):
        raise InvalidField("columns must be an object of names and what they are").at("/options/columns")
    wishes: dict[str, Wish] = {}
    faults: dict[str, str] = {}
    for name, said in given.items():
        try:
            wishes[name] = _wish(said)
        except ValueError as error:
            faults[name] = str(error)
    if faults:
        said = "; ".join(f"column {name!r}: {fault}" for name, fault in faults.items())
        raise InvalidField(f"options.columns cannot be used: {said}").at(
            json_pointer("options", "columns", next(iter(faults)))
        )
    return wishes


def check_wished(wishes: Mapping[str, Wish], names: Collection[str], *, target: str | None) -> None:
    """Raises InvalidField for columns that the table does not have, and for a role that the target cannot have."""
    unknown = [name for name in wishes if name not in names]
    if unknown:
        raise InvalidField(
            f"options.columns names columns that the table does not have: {named(unknown, names)}; it has"
            f" {listed(tuple(names), most=50)}"
        ).at(json_pointer("options", "columns", unknown[0]))
    if target is not None and target in wishes and wishes[target].role != "feature":
        raise InvalidField(f"options.columns says that the target {target!r} is {wishes[target].role!r}").at(
            json_pointer("options", "columns", target)
        )
    for role in ("weight", "group", "time", "query"):
        several = [name for name, wish in wishes.items() if wish.role == role]
        if len(several) > 1:
            raise InvalidField(f"options.columns says of {listed(several)} that each is {role!r}; say it of one").at(
                json_pointer("options", "columns", several[1])
            )


def named(unknown: Collection[str], known: Collection[str]) -> str:
    """Names that are not known, each with the known one that it is most like."""
    return listed(list(unknown)) + "".join(
        f" (did you mean {near[0]!r} by {name!r}?)"
        for name in list(unknown)[:10]
        if (near := difflib.get_close_matches(name, list(known)[:1000], n=1))
    )


def _wish(said: Any) -> Wish:
    """Raises ValueError."""
    if isinstance(said, str):
        if said in ROLES:
            return Wish(role=cast(Role, said))
        if said in TYPES:
            return Wish(type=cast(ColumnType, said))
        raise ValueError(f"{said!r} is none of {listed(ROLES + TYPES, most=20)}{_near(said, ROLES + TYPES)}")
    if not isinstance(said, Mapping):
        raise ValueError("say a role or a type, or an object of role, type and format")
    if unknown := [field for field in said if field not in FIELDS]:
        raise ValueError(f"unknown fields {listed(unknown)}; known are {listed(FIELDS)}{_near(unknown[0], FIELDS)}")
    role, kind, form = said.get("role", "feature"), said.get("type"), said.get("format", "")
    if role not in ROLES:
        raise ValueError(f"the role {role!r} is none of {listed(ROLES)}{_near(role, ROLES)}")
    if kind is not None and kind not in TYPES:
        raise ValueError(f"the type {kind!r} is none of {listed(TYPES)}{_near(kind, TYPES)}")
    if not isinstance(form, str):
        raise ValueError("the format must be text")
    if fault := format_fault(kind, form):
        raise ValueError(f"the format {form[:80]!r} {fault}")
    return Wish(role=role, type=kind, format=form)


def _near(said: Any, known: Collection[str]) -> str:
    near = difflib.get_close_matches(said, known, n=1) if isinstance(said, str) else []
    return f"; did you mean {near[0]!r}?" if near else ""
