"""How forgiving an estimate is to be, and what of its rows comes back."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec

from tasks.contract import MISSING_WAYS, REFUSE, UNKNOWN_WAYS
from tasks.errors import InvalidField


class Ways(msgspec.Struct, frozen=True):
    """What the caller chose. The defaults forgive."""

    #: Whether columns that the model does not know, the target among them, are refused; else they are ignored.
    refuses_unknown: bool = False
    #: Whether a value that training never missed may not be missing here; else the typical one stands for it.
    refuses_missing: bool = False
    #: Columns of the rows that come back with the result, beside the keys.
    keep: tuple[str, ...] = ()


#: What holds if nothing is said.
FORGIVING: Final = Ways()


def ways_of(query: Mapping[str, str]) -> Ways:
    """What the parameters `unknown`, `missing` and `keep` say. Raises InvalidField."""
    unknown, missing, keep = query.get("unknown"), query.get("missing"), query.get("keep")
    if unknown is None and missing is None and keep is None:
        return FORGIVING
    return Ways(
        refuses_unknown=_refuses("unknown", unknown, UNKNOWN_WAYS),
        refuses_missing=_refuses("missing", missing, MISSING_WAYS),
        keep=names_in(keep or ""),
    )


def names_in(text: str) -> tuple[str, ...]:
    """The names in one line of CSV, each once: one with a comma stands between quotation marks. Raises InvalidField."""
    try:
        return tuple(dict.fromkeys(next(csv.reader([text], strict=True), [])))
    except csv.Error as error:
        raise InvalidField(f"keep is no list of names: {error}; write a,b").at("?keep") from None


def query_of(
    *, unknown: str | None = None, missing: str | None = None, keep: str | Sequence[str] | None = None
) -> dict[str, str]:
    """The parameters that `ways_of` reads, of those that are given; `keep` may be names. Raises InvalidField."""
    given: dict[str, Any] = {"unknown": unknown, "missing": missing, "keep": keep}
    if isinstance(keep, list | tuple) and all(isinstance(name, str) for name in keep):
        sink = io.StringIO()
        csv.writer(sink, lineterminator="").writerow(keep)
        given["keep"] = sink.getvalue()
    if wrong := [name for name, value in given.items() if not isinstance(value, str | None)]:
        raise InvalidField(f"{wrong[0]} must be text, not {given[wrong[0]]!r:.40}").at(f"?{wrong[0]}")
    return {name: value for name, value in given.items() if value}


def _refuses(name: str, word: str | None, words: Sequence[str]) -> bool:
    if word is not None and word not in words:
        raise InvalidField(f"{name} must be {' or '.join(words)}, not {word[:40]!r}").at(f"?{name}")
    return word == REFUSE
