"""Large JSON bodies of numbers, read in pieces."""

from __future__ import annotations

import json
import random
from typing import Any

import numpy as np
import pytest

from tasks.tables import number_rows
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.columns import Column, Schema
from tasks.tables.number_rows import number_columns
from tasks.tables.row_reader import RowReader

NAMES = ("a", "b c")
SCHEMA = Schema(columns=[Column(name, "number", nullable=True) for name in NAMES], target="y", problem="regression")


def read(body: bytes) -> list[Any] | None:
    """The rows, or None."""
    table = number_columns(body, SCHEMA, UNBOUNDED, threads=2)
    return None if table is None else [list(row.values()) for row in table.to_pylist()]


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",  ", " : ")])
def test_all_values_are_those_that_a_decoder_finds(
    separators: tuple[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_rows, "LEAST_PIECE_BYTES", 1000)
    drawn = random.Random(1)
    rows: list[list[Any]] = [
        [drawn.choice([drawn.random(), drawn.gauss(0, 1e-300), drawn.randint(-(10**25), 10**25), None, 0, -0.0])] * 2
        for _ in range(500)
    ]
    body = json.dumps({"rows": rows}, separators=separators).encode()
    expected = [[np.nan if value is None else float(value) for value in row] for row in json.loads(body)["rows"]]
    assert repr(read(body)) == repr(expected)


@pytest.mark.parametrize(
    "rows",
    [
        *("[[1,2],[3]]", "[[1,2],[]]", "[[]]", "[[1,[2]],[3,4]]", "[[1,2],null,[3,4]]", "[[{},1]]", "[[1,2],[3,4]]]"),
        *('[[1,"2"]]', "[[1,true]]", "[[1,NaN]]", "[[1,inf]]", "[[1,1e400]]", "[[1,-3.5e38]]", "[[1,]]", "[[,1]]"),
        *("[[1,01]]", "[[1,+1]]", "[[1,1.]]", "[[1,.5]]", "[[1,0x1]]", "[[1 2,3]]", "[[1,2] [3,4]]", "[[1,2],[3,4]"),
        *("[[1,2]],[[3,4]]", '[[1,2]],"rows":[[3,4]]', "[[1,2],[3,4]],[5,6]]", "[[1\n,2],[3,4]]", "[1,2]", "[]"),
    ],
)
def test_other_bodies_are_left_to_others(rows: str) -> None:
    assert read(f'{{"rows":{rows}}}'.encode()) is None


def test_a_body_of_which_more_would_be_made_than_is_allowed_is_left_to_others() -> None:
    body = b'{"rows":[[1,2],[3,4]]}'
    assert number_columns(body, SCHEMA, Bounds(bytes=24), threads=1) is not None
    assert number_columns(body, SCHEMA, Bounds(bytes=23), threads=1) is None


def test_a_reader_says_of_large_bodies_what_it_says_of_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Column("a", "number", min=0, max=9, typical=5.0), Column("b c", "number", nullable=True, typical=0.0)]
    reader = RowReader(Schema(columns=known, target="y", problem="regression"), threads=2)
    bodies = [json.dumps({"rows": rows}).encode() for rows in ([[1, None], [12, 3]], [[1, 2]], [[None, 2], [3, 4]])]
    small = [reader.read(body) for body in bodies]
    monkeypatch.setattr("tasks.tables.row_reader.LEAST_BYTES", 1)
    for body, expected in zip(bodies, small, strict=True):
        found = reader.read(body)
        assert repr(reader.table([found]).to_pylist()) == repr(reader.table([expected]).to_pylist())
        assert (found.notes.counts if found.notes else {}) == (expected.notes.counts if expected.notes else {})
        assert (found.notes.found if found.notes else []) == (expected.notes.found if expected.notes else [])


def test_notes_of_many_columns_are_as_many_as_notes_may_be() -> None:
    known = [Column(f"c{place}", "number", min=0, max=1, typical=0.5) for place in range(120)]
    reader = RowReader(Schema(columns=known, target="y", problem="regression"), threads=2)
    rows = reader.read(json.dumps({"rows": [[5] * 120] * 200}).encode())
    assert rows.notes is not None
    assert [one.column for one in rows.notes.found[:99]] == [f"c{place}" for place in range(99)]
    assert [(one.code, one.count) for one in rows.notes.found[99:]] == [("more_notes", 21)]
    assert dict(rows.notes.counts) == {"beyond_training": 24_000}
