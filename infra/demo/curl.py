"""The lines that repeat the demonstration by hand, for a shell with curl."""

from __future__ import annotations

import json
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final
from urllib.parse import quote

from infra.demo.data import Case
from tasks.contract import Media

#: Makes a table of 200 houses.
HOUSES: Final = (
    """awk 'BEGIN { print "rooms,area,price"; for (i = 0; i < 200; i++) { r = 1 + i % 6; a = 30 + i * 37 % 170;"""
    """ print r "," a "," 12.5 * r + 2.75 * a } }' > houses.csv"""
)


def of_houses(*, url: str, password: Path) -> list[str]:
    """The lines for a small table, which the first of them makes. `password` is the file with that of `admin`."""
    row = {"rooms": 3, "area": 80}
    lines = _lines(url, password, model="houses", query="target=price", row=row, file=Path("houses.csv"))
    return [HOUSES, *lines]


def of_case(case: Case, *, url: str, password: Path) -> list[str]:
    """The lines for the user's file, with the first row that was held back; for houses if there is no file."""
    if case.file is None:
        return of_houses(url=url, password=password)
    query = f"target={quote(case.target, safe='')}"
    return _lines(url, password, model=case.model, query=query, row=case.rows(1)[0], file=case.file)


def _lines(url: str, password: Path, *, model: str, query: str, row: Mapping[str, Any], file: Path) -> list[str]:
    body = json.dumps({"rows": [row]}, ensure_ascii=False)
    data = shlex.quote(f"@{file}")
    return [
        f"URL={shlex.quote(url)}",
        f'TOKEN=$(curl -s -u "admin:$(cat {shlex.quote(str(password))})" -X POST "$URL/v1/token"'
        """ | sed 's/.*"access_token":"\\([^"]*\\)".*/\\1/')""",
        'AUTH="Authorization: Bearer $TOKEN"',
        f'curl -s -H "$AUTH" -H \'Prefer: wait=30\' --data-binary {data} "$URL/v1/models/{model}/init?{query}"; echo',
        f'TASK=$(curl -s -H "$AUTH" -X POST "$URL/v1/models/{model}/train" | sed \'s/.*"id":"\\([^"]*\\)".*/\\1/\')',
        'curl -s -H "$AUTH" -H \'Prefer: wait=30\' "$URL/v1/tasks/$TASK"; echo',
        f"curl -s -H \"$AUTH\" -H 'Content-Type: {Media.JSON.value}' -H 'Prefer: wait=10' -d {shlex.quote(body)}"
        f' "$URL/v1/models/{model}/estimate"; echo',
    ]
