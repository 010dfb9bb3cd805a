"""Large JSON bodies of numbers, read in pieces."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pytest

from tasks.tables import number_rows
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.columns import Column, Schema
from tasks.tables.row_reader import RowReader

NAMES = ("a", "b c")


NULLABLE = [True, True]


def read(body: bytes, nullable: Sequence[bool] = NULLABLE) -> list[Any] | None:
    """The rows, or None."""
    found = number_rows.number_rows(body, nullable, UNBOUNDED)
    try:
        rows: list[Any] | None = None if found is None else found.part(0, len(found)).tolist()
    except number_rows.OtherRows:
        return None
    return rows


@pytest.mark.parametrize("separators", [(",", ":"), (", ", ": "), (",  ", " : ")])
@pytest.mark.parametrize("nulls", [True, False])
def test_all_values_are_those_that_a_decoder_finds(
    separators: tuple[str, str], nulls: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(number_rows, "PIECE_BYTES", 1000)
    drawn = random.Random(1)
    some: list[Callable[[], float | None]] = [
        drawn.random,
        lambda: drawn.gauss(0, 1e-300),
        lambda: drawn.randint(-(2**63), 2**64 - 1),
    ]
    some += [lambda: drawn.choice([0, -0.0, 5e-324, 2.2250738585072011e-308, 9007199254740993, -(2**63), 2**64 - 1])]
    some += [lambda: None] * nulls
    rows = [[drawn.choice(some)() for _ in NAMES] for _ in range(500)]
    body = json.dumps({"rows": rows}, separators=separators).encode()
    expected = [[np.nan if value is None else float(value) for value in row] for row in json.loads(body)["rows"]]
    assert repr(read(body)) == repr(expected)


@pytest.mark.parametrize(
    "rows",
    [
        *("[[1,2],[3]]", "[[1,2],[]]", "[[]]", "[[1,[2]],[3,4]]", "[[1,2],null,[3,4]]", "[[{},1]]", "[[1,2],[3,4]]]"),
        *('[[1,"2"]]', "[[1,true]]", "[[1,NaN]]", "[[1,inf]]", "[[1,1e400]]", "[[1,-3.5e38]]", "[[1,]]", "[[,1]]"),
        *("[[1,01]]", "[[1,+1]]", "[[1,1.]]", "[[1,.5]]", "[[1,0x1]]", "[[1 2,3]]", "[[1,2] [3,4]]", "[[1,2],[3,4]"),
        *("[[1,2]],[[3,4]]", '[[1,2]],"rows":[[3,4]]', "[[1,2],[3,4]],[5,6]]", "[1,2]", "[]", "[[1,2],3,[4,5]]"),
        *("[[1,2,3],[4]]", "[[[1,2],[]]]", "[[[],[1,2]],[3,4]]", "[[[],3],[1,2]]", "[[1,2],,[3,4]]", '["ab",[3,4]]'),
        *("[[1null,2]]", "[[null1,2]]", "[[nullnull,2]]", "[[-null,2]]", "[[nul,2]]", "[[NULL,2]]", "[[1,null null]]"),
        *("[[1,2],[3,4]]x", "[[1,18446744073709551616]]", "[[1,-9223372036854775809]]", "[[1,2],[3,4][5,6]]"),
    ],
)
def test_other_bodies_are_left_to_others(rows: str) -> None:
    assert read(f'{{"rows":{rows}}}'.encode()) is None


def test_what_is_read_of_a_body_that_was_changed_somewhere_is_what_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "PIECE_BYTES", 40)
    drawn, read_after_all = random.Random(3), 0
    signs = ["1", "-2.5", "null", "[", "]", ",", "],[", "0", "1e400", '"a"', "{}", " ", "true", "3", "n", "."]
    for _ in range(3000):
        rows = [[drawn.choice([1, 2.5, None, -3e10]) for _ in NAMES] for _ in range(drawn.randint(1, 12))]
        body = json.dumps({"rows": rows}, separators=drawn.choice([(",", ":"), (", ", ": ")]))
        place = drawn.randrange(len(body))
        body = body[:place] + drawn.choice(signs) + body[place + drawn.randint(0, 2) :]
        found = read(body.encode())
        if found is not None:
            read_after_all += 1
            expected = [
                [np.nan if value is None else float(value) for value in row] for row in json.loads(body)["rows"]
            ]
            assert repr(found) == repr(expected), body
    assert read_after_all > 200


@pytest.mark.parametrize("rows", ["[[1\n,2],[3,4]]", " [ [1,2] , [3,4] ] ", "[[1,2],\r\n\t[3,4]]"])
def test_blanks_stand_where_they_may(rows: str) -> None:
    assert read(f'{{"rows":{rows}}}'.encode()) == [[1, 2], [3, 4]]


def test_the_number_that_stands_for_null_may_be_sent() -> None:
    mark = json.dumps(number_rows._MARK)
    assert read(f'{{"rows":[[{mark},2],[3,4]]}}'.encode()) == [[number_rows._MARK, 2], [3, 4]]
    assert read(f'{{"rows":[[{mark},2],[3,null]]}}'.encode()) is None


def test_a_body_of_which_more_would_be_made_than_is_allowed_is_left_to_others() -> None:
    body = b'{"rows":[[1,2],[3,4]]}'
    assert number_rows.number_rows(body, NULLABLE, Bounds(bytes=32)) is not None
    assert number_rows.number_rows(body, NULLABLE, Bounds(bytes=31)) is None
    assert number_rows.number_rows(b'{"rows":' + b"[" * 1000 + b"]]}", NULLABLE, Bounds(bytes=999 * 16 - 1)) is None


def test_no_other_thread_waits_for_a_large_body_to_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "PIECE_BYTES", 20_000)
    body = json.dumps({"rows": [[1.5, 2.5]] * 20_000}).encode()
    start, end = body.index(b"1.5"), body.rindex(b"2.5") + 3
    pieces = list(number_rows._pieces(body, start, end))
    assert max(map(len, pieces)) < 2 * 20_000
    assert sum(len(json.loads(piece)) for piece in pieces) == 20_000


@pytest.mark.parametrize("rows", [1, 31, 32, 34, 100])
@pytest.mark.parametrize("piece", [1, 1000, 10**6])
def test_extremes_are_those_of_all_rows(rows: int, piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "PIECE_BYTES", piece)
    whole = np.random.default_rng(rows).normal(size=(rows, 3))
    listed = whole.tolist()
    listed[rows // 2][1], whole[rows // 2, 1] = None, np.nan
    found = number_rows.number_rows(json.dumps({"rows": listed}).encode(), [True] * 3, UNBOUNDED)
    assert found is not None
    least, most = found.extremes()
    np.testing.assert_array_equal(found.part(0, rows), whole)
    np.testing.assert_array_equal(least, whole.min(axis=0))
    np.testing.assert_array_equal(most, whole.max(axis=0))
    assert np.isnan([least[1], most[1]]).all()


@pytest.mark.parametrize("piece", [1, 10**6])
def test_a_value_is_missing_only_where_it_may_be(piece: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "PIECE_BYTES", piece)
    body = b'{"rows":[[1,2],[3,null],[5,6]]}'
    assert repr(read(body, [False, True])) == repr([[1.0, 2.0], [3.0, np.nan], [5.0, 6.0]])
    assert read(body, [True, False]) is None


def test_several_threads_read_it_together(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "PIECE_BYTES", 1000)
    rows = np.random.default_rng(1).normal(size=(20_000, 2)).tolist()
    found = number_rows.number_rows(json.dumps({"rows": rows}).encode(), NULLABLE, UNBOUNDED)
    assert found is not None
    starts = range(0, 20_000, 500)
    with ThreadPoolExecutor(4) as threads:
        parts = list(threads.map(lambda start: found.part(start, start + 500).tolist(), starts))
    assert [row for part in parts for row in part] == rows


def test_of_a_body_that_is_another_one_somewhere_nothing_more_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(number_rows, "PIECE_BYTES", 5)
    found = number_rows.number_rows(b'{"rows":[[1,2],[3,4],[5,true],[7,8],[9,10]]}', NULLABLE, UNBOUNDED)
    assert found is not None
    assert found.part(0, 2).tolist() == [[1, 2], [3, 4]]
    for start in (2, 3, 4):
        with pytest.raises(number_rows.OtherRows):
            found.part(start, start + 1)


def test_a_reader_says_of_large_bodies_what_it_says_of_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    known = [Column("a", "number", min=0, max=9, typical=5.0), Column("b c", "number", nullable=True, typical=0.0)]
    reader = RowReader(Schema(columns=known, target="y", problem="regression"))
    bodies = [
        json.dumps({"rows": rows}).encode()
        for rows in ([[1, None], [12, 3]], [[1, 2]], [[None, 2], [3, 4]], [[2**70, 1]])
    ]
    small = [reader.read(body) for body in bodies]
    monkeypatch.setattr("tasks.tables.row_reader.LEAST_BYTES", 1)
    for body, expected in zip(bodies, small, strict=True):
        found = reader.read(body)
        assert repr(reader.table([found]).to_pylist()) == repr(reader.table([expected]).to_pylist())
        assert (found.notes.counts if found.notes else {}) == (expected.notes.counts if expected.notes else {})
        assert (found.notes.found if found.notes else []) == (expected.notes.found if expected.notes else [])


def test_notes_of_many_columns_are_as_many_as_notes_may_be() -> None:
    known = [Column(f"c{place}", "number", min=0, max=1, typical=0.5) for place in range(120)]
    reader = RowReader(Schema(columns=known, target="y", problem="regression"))
    rows = reader.read(json.dumps({"rows": [[5] * 120] * 200}).encode())
    assert rows.notes is not None
    assert [one.column for one in rows.notes.found[:99]] == [f"c{place}" for place in range(99)]
    assert [(one.code, one.count) for one in rows.notes.found[99:]] == [("more_notes", 21)]
    assert dict(rows.notes.counts) == {"beyond_training": 24_000}


def test_only_a_body_that_is_another_one_is_read_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.tables.row_reader.LEAST_BYTES", 1)
    reader = RowReader(Schema(columns=[Column("a", "number")], target="y", problem="regression"))
    good, other = (reader.begin(json.dumps({"rows": rows}).encode()) for rows in ([[1], [2]], [[1], [2**70]]))
    assert good.settled() is good
    anew = other.settled()
    assert anew is not other
    assert anew.numbers is None
    assert reader.table([anew]).to_pydict() == {"a": [1.0, float(2**70)]}
