"""What the query of an init says, and the fields of a form in its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from tasks.errors import InvalidField

#: What may be said in a field of a form, beside its file, in place of the query.
FIELDS: Final = ("target", "estimator", "options", "sheet", "replace", "append", "dry_run", "upload")
#: Those that are true or false.
FLAGS: Final = ("replace", "append", "dry_run")


def check_alone(flag: str, query: Mapping[str, str]) -> None:
    """Raise InvalidField if another flag is set beside this one."""
    other = next((name for name in FLAGS if name != flag and name in query), None)
    if flag in query and other:
        raise InvalidField(f"{flag} and {other} cannot be used together: leave one of them out").at(f"?{other}")


def merged(fields: Mapping[str, str], query: Mapping[str, str]) -> dict[str, str]:
    """The fields of a form and the query's parameters together: of flags those that are true, as in the query.

    A field that is empty says nothing: browsers send those that nobody filled in. Raises InvalidField for a field that
    is none of FIELDS, for a flag that is neither, and for one that says something else than the query.
    """
    said = {name: value for name, value in fields.items() if value}
    for name in fields:
        if name not in FIELDS:
            raise InvalidField(f"unknown field {name[:80]!r} in the form; known are {', '.join(FIELDS)}")
    for name, value in said.items():
        if name in FLAGS and value not in ("true", "false"):
            raise InvalidField(f"{name} must be true or false, not {value[:40]!r}").at(f"?{name}")
        if query.get(name, value) != value:
            raise InvalidField(f"{name} is {query[name][:80]!r} in the query and {value[:80]!r} in the form").at(
                f"?{name}"
            )
    return {**{name: value for name, value in said.items() if name not in FLAGS or value == "true"}, **query}
