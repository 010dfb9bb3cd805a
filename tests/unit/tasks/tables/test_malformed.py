"""Words for JSON that cannot be read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tasks.errors import InvalidField, MalformedBody
from tasks.search.asked import read_search
from tasks.tables.malformed import parse


class Range(msgspec.Struct, forbid_unknown_fields=True):
    low: int | float = 0


class Search(msgspec.Struct, forbid_unknown_fields=True):
    trials: int | None = None
    space: dict[str, Range | list[Any]] | None = None


class Job(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    steps: list[int] = []
    params: dict[str, Any] = {}
    search: Search | None = None


MALFORMED = {
    b"{": "it is empty or truncated; send JSON",
    b"x=name": r"byte 0\); send JSON, or say with Content-Type",
    b'{"steps": [NaN]}': r"NaN \(byte 11\) is no JSON number; write null",
    b'{"steps": [-Infinity]}': r"Infinity \(byte 12\) is no JSON number; write null",
    b'{"steps": [None]}': r"byte 11\); send JSON",
    b'{"name": "\xff"}': r"byte 10 \(counted from 0\) is 0xff; save as UTF-8",
    b"\xef\xbb\xbf{}": "byte order mark; save as UTF-8 without one",
}


@pytest.mark.parametrize(("body", "message"), MALFORMED.items())
def test_what_is_not_json(body: bytes, message: str) -> None:
    with pytest.raises(MalformedBody, match=f"^the body is not valid JSON: .*{message}") as caught:
        parse(body, Job)
    assert caught.value.pointer is None


MISFITS = {
    b"[]": ("the body must be an object, not a list", ""),
    b'{"name": 3}': ("name must be text or null, not a number", "/name"),
    b'{"steps": {}}': ("steps must be a list, not an object", "/steps"),
    b'{"steps": ["x"]}': ("steps.0 must be a number, not text", "/steps/0"),
    b'{"params": {"a": 1e999}}': ("params.* cannot be read: number out of range", "/params"),
    b'{"a/b": 1}': ("unknown field 'a/b'; known are name, steps, params, search", "/a~1b"),
    b'{"search": {"trial": 3}}': ("unknown field 'trial' of search; known are trials, space", "/search/trial"),
    b'{"search": {"space": {"a": {"lo": 3}}}}': (
        "unknown field 'lo' of search.space.*; known are low",
        "/search/space",
    ),
    b'{"search": {"space": {"a": {"low": "x"}}}}': (
        "search.space.*.low must be a number, not text",
        "/search/space",
    ),
    b'{"search": {"space": {"a": 3}}}': ("search.space.* must be an object or a list, not a number", "/search/space"),
}


@pytest.mark.parametrize(("body", "message", "pointer"), [(k, *v) for k, v in MISFITS.items()])
def test_what_does_not_fit(body: bytes, message: str, pointer: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse(body, Job)
    assert (str(caught.value), caught.value.pointer) == (message, pointer)


def test_what_does_not_fit_below_a_field() -> None:
    with pytest.raises(InvalidField) as caught:
        read_search({"trials": "many"})
    assert (str(caught.value), caught.value.pointer) == (
        "search.trials must be a number or null, not text",
        "/search/trials",
    )


def test_nothing_is_an_empty_object() -> None:
    assert parse(b"", Job) == Job()
