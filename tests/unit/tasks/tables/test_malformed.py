"""Words for JSON that cannot be read."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from tasks.errors import InvalidField, MalformedBody
from tasks.tables.malformed import parse


class Job(msgspec.Struct, forbid_unknown_fields=True):
    name: str | None = None
    steps: list[int] = []
    params: dict[str, Any] = {}


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
    b'{"params": {"a": 1e999}}': ("params cannot be read: number out of range", "/params"),
    b'{"a/b": 1}': ("unknown field 'a/b'; known are name, steps, params", "/a~1b"),
}


@pytest.mark.parametrize(("body", "message", "pointer"), [(k, *v) for k, v in MISFITS.items()])
def test_what_does_not_fit(body: bytes, message: str, pointer: str) -> None:
    with pytest.raises(InvalidField) as caught:
        parse(body, Job)
    assert (str(caught.value), caught.value.pointer) == (message, pointer)


def test_nothing_is_an_empty_object() -> None:
    assert parse(b"", Job) == Job()
