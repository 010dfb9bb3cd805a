"""The notes of a result that has no place for them: a response header."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from tasks.tables.findings import Finding

#: Most bytes of the header: proxies keep 4 KiB for all of them (NGINX, proxy_buffer_size).
MOST_BYTES: Final = 2000
#: What a header says of a note: sentences are in docs/reference/tables.md, by the code.
_FIELDS: Final = ("code", "column", "count", "rows", "lines")


def header_of(notes: Sequence[Finding]) -> str:
    """A JSON list in ASCII of the first notes that fit; the last one then counts those that did not."""
    shown: list[str] = []
    for index, note in enumerate(notes):
        text = _written({name: value for name in _FIELDS if (value := getattr(note, name))})
        left = _written({"code": "more_notes", "count": len(notes) - index})
        if sum(map(len, shown)) + 2 * len(shown) + len(text) + len(left) + 4 > MOST_BYTES:
            return f"[{', '.join([*shown, left])}]"
        shown.append(text)
    return f"[{', '.join(shown)}]"


def _written(note: dict[str, Any]) -> str:
    return json.dumps(msgspec.to_builtins(note))
