"""Which files of a folder, or of a prefix in a bucket, are parts of one table."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import unquote

#: What the name of a file ends with that is read; it may be packed.
_READ: Final = re.compile(r".\.(parquet|pq|csv|tsv)(\.(gz|zst))?$", re.IGNORECASE)
#: What a name ends with while its file is not whole yet.
_UNFINISHED: Final = (".tmp", ".temp", ".part", ".partial", ".crdownload", ".swp", ".bak", "~")
#: What hidden files and folders begin with; Spark's `_temporary` and `_SUCCESS` among them.
_HIDDEN: Final = (".", "_")
#: A folder that says what a column is in all its files, as Hive has them.
_PARTITION: Final = re.compile(r"([^=]+)=(.*)", re.DOTALL)
#: Hive's word for a missing value.
_NULL: Final = "__HIVE_DEFAULT_PARTITION__"


@dataclass(frozen=True, kw_only=True)
class Part:
    """One file: where it is, its path below the folder, its bytes by the listing, what its folders say of columns."""

    path: str
    name: str
    size: int | None
    columns: Mapping[str, str | None] = field(default_factory=dict)


def parts_of(found: Mapping[str, Mapping[str, Any]], root: str) -> tuple[list[Part], list[str]]:
    """(the files to read, sorted by their names; the names of visible ones that are of no kind that is read)."""
    parts, others = [], []
    for path, info in sorted(found.items()):
        name = path.removeprefix(root).lstrip("/")
        folders, _, last = name.rpartition("/")
        steps = folders.split("/") if folders else []
        if not last or _is_hidden(last) or any(_is_hidden(step) and "=" not in step for step in steps):
            continue
        if last.lower().endswith(_UNFINISHED):
            continue
        # A link to a folder is none to fsspec, so that circles do no harm; a pipe has no end.
        if not _READ.search(last) or info.get("type", "file") != "file":
            others.append(name)
            continue
        parts.append(Part(path=path, name=name, size=info.get("size"), columns=_columns(steps)))
    return parts, others


def _is_hidden(step: str) -> bool:
    return step.startswith(_HIDDEN)


def _columns(steps: Iterable[str]) -> dict[str, str | None]:
    pairs = (_PARTITION.fullmatch(step) for step in steps)
    return {unquote(pair[1]): None if pair[2] == _NULL else unquote(pair[2]) for pair in pairs if pair}
