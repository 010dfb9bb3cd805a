"""Rows that are made to fit, as tables and as JSON: what is forgiven, what is noted, what is refused."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.errors import InvalidField, InvalidRows
from tasks.tables.columns import Beside, Column, Schema
from tasks.tables.conforming.asked import Asked, asked
from tasks.tables.conforming.notes import MOST_NOTES, Notes
from tasks.tables.conforming.ways import Ways
from tasks.tables.reading.bodies import read as read_body
from tasks.tables.reading.hints import Hints
from tasks.tables.reading.result import Reading
from tasks.tables.row_reader import RowReader

SCHEMA = Schema(
    columns=[
        Column("x", "number", typical=2.5, min=1.0, max=9.0),
        Column("n", "number", nullable=True, typical=0.0, min=-1.0, max=1.0),
        Column("b", "boolean", typical=1.0),
        Column("c", "category", ["p", "q"], typical=1.0),
        Column("t", "text"),
        Column("d", "date", typical=86_400_000_000.0),
    ],
    target="y",
    problem="regression",
    beside=[Beside("id", "key"), Beside("Unnamed: 0", "ignore")],
)
ROW: dict[str, Any] = {"x": 2.0, "n": 0.5, "b": True, "c": "p", "t": "some words", "d": "2026-11-01T07:30:00"}


def by_table(rows: list[dict[str, Any]], ways: Ways) -> Asked:
    return asked(Reading(table=pa.Table.from_pylist(rows), format="parquet"), SCHEMA, ways)


def by_rows(rows: list[dict[str, Any]], ways: Ways) -> Asked:
    return read({"rows": rows}, ways)


def by_columns(rows: list[dict[str, Any]], ways: Ways) -> Asked:
    names = dict.fromkeys(name for row in rows for name in row)
    return read({"columns": {name: [row.get(name) for row in rows] for name in names}}, ways)


def read(document: Any, ways: Ways) -> Asked:
    reader = RowReader(SCHEMA)
    found = reader.read(json.dumps(document).encode(), ways=ways)
    return Asked(reader.table([found]), dict(found.kept), found.notes or Notes())


FORMS = [by_table, by_rows, by_columns]
every_form = pytest.mark.parametrize("form", FORMS)


def plain(found: Asked) -> list[dict[str, Any]]:
    """The rows, None for NaN too."""
    rows = found.table.to_pylist()
    return [{name: None if value != value else value for name, value in row.items()} for row in rows]


def said(found: Asked) -> list[tuple[str, str | None, int]]:
    return [(note.code, note.column, note.count) for note in found.notes.found]


@every_form
def test_rows_that_fit_have_no_notes(form: Any) -> None:
    found = form([ROW, {**ROW, "n": None}], Ways(refuses_missing=True, refuses_unknown=True))
    assert said(found) == []
    assert [row["n"] for row in plain(found)] == [0.5, None]
    assert not found.kept


@every_form
def test_what_is_not_known_is_ignored_and_named(form: Any) -> None:
    row = {**ROW, "z": 1, "y": 5}
    found = form([row, row], Ways())
    assert said(found) == [("unknown_column", "z", 0), ("target_given", "y", 0)]
    assert plain(found) == plain(form([ROW, ROW], Ways()))
    with pytest.raises(InvalidRows, match="'y' is the target"):
        form([row], Ways(refuses_unknown=True))
    with pytest.raises(InvalidRows, match="unknown columns: 'z'"):
        form([{**ROW, "z": 1}], Ways(refuses_unknown=True))


@every_form
@pytest.mark.parametrize(
    ("column", "stands"),
    [("x", 2.5), ("b", True), ("c", "q"), ("t", ""), ("d", np.datetime64("1970-01-02T00:00:00").item())],
)
def test_the_typical_value_stands_for_what_training_never_missed(form: Any, column: str, stands: Any) -> None:
    rows = [ROW, {**ROW, column: None}]
    found = form(rows, Ways())
    assert said(found) == [("filled", column, 1)]
    assert found.notes.found[0].rows == [1]
    assert found.notes.counts == {"filled": 1}
    assert plain(found)[1][column] == stands
    with pytest.raises(InvalidRows, match=f"row 1, column {column!r}: is missing, but no training row missed it"):
        form(rows, Ways(refuses_missing=True))


@every_form
def test_a_column_may_be_absent(form: Any) -> None:
    row = {name: value for name, value in ROW.items() if name not in ("x", "n")}
    found = form([row, row], Ways())
    assert said(found) == [("filled", "x", 2), ("absent_column", "n", 0)]
    assert [(row["x"], row["n"]) for row in plain(found)] == [(2.5, None)] * 2
    with pytest.raises(InvalidRows, match="missing columns: 'x', 'n'"):
        form([row], Ways(refuses_missing=True))


@every_form
def test_one_feature_has_to_be_there(form: Any) -> None:
    assert len(plain(form([{"n": 1}], Ways()))) == 1
    with pytest.raises(InvalidRows, match="none of the columns that the model learned from is there: 'x', 'n', 'b'"):
        form([{"z": 1, "id": 5}], Ways())


@every_form
def test_versions_of_earlier_releases_refuse_what_is_missing(form: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    old = Schema(columns=[Column("x", "number"), Column("c", "category", ["p"])], target="y", problem="regression")
    monkeypatch.setitem(globals(), "SCHEMA", old)
    with pytest.raises(InvalidRows, match="missing columns: 'c'"):
        form([{"x": 1}], Ways())
    with pytest.raises(InvalidRows, match="row 0, column 'x': is missing, but no training row missed it"):
        form([{"x": None, "c": "p"}], Ways())
    assert said(form([{"x": 1e9, "c": "new", "more": 1}], Ways())) == [("unknown_column", "more", 0)]


@every_form
def test_what_training_did_not_know_is_counted(form: Any) -> None:
    rows = [{**ROW, "x": 10.0, "c": "r"}, {**ROW, "x": -1.0, "c": "s"}, {**ROW, "x": 9.0 + 1e-7, "n": None}]
    found = form(rows, Ways())
    assert said(found) == [("beyond_training", "x", 2), ("unseen_category", "c", 2)]
    beyond, unseen = found.notes.found
    assert (beyond.rows, unseen.rows) == ([0, 1], [0, 1])
    assert "go from 1 to 9" in beyond.message
    assert "'r', 's'" in unseen.message
    assert [row["c"] for row in plain(found)] == [None, None, "p"]
    assert found.notes.counts == {"beyond_training": 2, "unseen_category": 2}


@every_form
@pytest.mark.parametrize(
    ("given", "taken"),
    [
        ({"x": "2.5"}, {"x": 2.5}),
        ({"x": " 2 "}, {"x": 2.0}),
        ({"b": 0}, {"b": False}),
        ({"b": 1.0}, {"b": True}),
        ({"b": "false"}, {"b": False}),
        ({"d": "2026-11-01"}, {"d": np.datetime64("2026-11-01T00:00:00").item()}),
        ({"d": "2026-11-01T09:30:00+02:00"}, {"d": np.datetime64("2026-11-01T07:30:00").item()}),
        ({"t": 5}, {"t": "5"}),
    ],
)
def test_values_in_another_writing(form: Any, given: dict[str, Any], taken: dict[str, Any]) -> None:
    (row,) = plain(form([{**ROW, **given}], Ways()))
    assert {name: row[name] for name in taken} == taken


@pytest.mark.parametrize("form", [by_rows, by_columns])
def test_json_may_mix_writings(form: Any) -> None:
    rows = [{**ROW, "x": "2.5", "b": "t"}, {**ROW, "x": 3, "b": 0}, {**ROW, "x": 4.5, "b": True}]
    assert [(row["x"], row["b"]) for row in plain(form(rows, Ways()))] == [(2.5, True), (3, False), (4.5, True)]
    with pytest.raises(InvalidRows, match="row 1, column 'x': is true or false where a number belongs") as caught:
        form([{**ROW, "x": "2.5"}, {**ROW, "x": True}], Ways())
    assert caught.value.pointer in ("/rows/1/x", "/columns/x/1")


@every_form
@pytest.mark.parametrize(
    ("column", "values", "words"),
    [
        ("x", ["2", "two"], "row 1, column 'x': is .* where a number belongs"),
        ("x", [1.0, 1e308], "row 1, column 'x': is out of range"),
        ("x", ["1", "inf"], "row 1, column 'x': is out of range"),
        ("b", [0, 2], "row 1, column 'b': is .* where true or false belongs"),
        ("d", ["2026-11-01", "soon"], "row 1, column 'd': is "),
        ("d", [5, 6], "row 0, column 'd': is .* where a date belongs"),
    ],
)
def test_values_that_do_not_fit(form: Any, column: str, values: list[Any], words: str) -> None:
    with pytest.raises(InvalidRows, match=words):
        form([{**ROW, column: value} for value in values], Ways())


@every_form
def test_keys_and_kept_columns_come_back(form: Any) -> None:
    rows = [{**ROW, "id": f"A{i}", "day": i, "y": i} for i in range(2)]
    found = form(rows, Ways(keep=("day", "x", "y", "id"), refuses_unknown=True))
    kept = {name: list(v) if isinstance(v, list) else v.to_pylist() for name, v in found.kept.items()}
    assert list(kept) == ["id", "day", "x", "y"]
    assert kept == {"id": ["A0", "A1"], "day": [0, 1], "x": [2.0, 2.0], "y": [0, 1]}
    assert said(found) == []
    with pytest.raises(InvalidField, match="keep names 'other', which the rows do not have; they have 'x'") as caught:
        form(rows, Ways(keep=("other",)))
    assert caught.value.pointer == "?keep"


@every_form
@pytest.mark.parametrize("name", ["", "Unnamed: 0", "Unnamed: 3", "__index_level_0__"])
def test_an_index_that_training_left_out_has_many_names(form: Any, name: str) -> None:
    assert said(form([{name: 0, **ROW}], Ways(refuses_unknown=True))) == []


def test_lists_have_no_keys_but_may_keep_features() -> None:
    found = read({"rows": [list(ROW.values())]}, Ways(keep=("c",)))
    assert found.kept == {"c": ["p"]}
    with pytest.raises(InvalidField, match="keep names 'id'"):
        read({"rows": [list(ROW.values())]}, Ways(keep=("id",)))


def test_the_row_that_lacks_a_column_is_named() -> None:
    with pytest.raises(InvalidRows, match="row 1: missing columns: 'x'") as caught:
        read({"rows": [ROW, {k: v for k, v in ROW.items() if k != "x"}]}, Ways(refuses_missing=True))
    assert caught.value.pointer == "/rows/1"
    found = read({"rows": [ROW, {k: v for k, v in ROW.items() if k != "x"}]}, Ways())
    assert said(found) == [("filled", "x", 1)]


def test_columns_given_twice() -> None:
    def table(*names: str) -> Reading:
        return Reading(table=pa.Table.from_arrays([pa.array([1.0])] * len(names), names=names), format="arrow")

    doubled = table("x", "z", "z")
    assert said(asked(doubled, SCHEMA))[0] == ("unknown_column", "z", 0)
    with pytest.raises(InvalidField, match="columns given twice: 'z'"):
        asked(doubled, SCHEMA, Ways(keep=("z",)))
    with pytest.raises(InvalidRows, match="columns given twice: 'x'"):
        asked(table("x", "x"), SCHEMA)


def test_a_csv_is_spoken_of_by_its_lines() -> None:
    data = b'x,n,b,c,t,d\n\n2,0,true,p,"two\nlines",2026-11-01\n2,0,true,new,words,2026-11-01\n2,0,5,p,a,2026-11-01\n'
    reading = read_body(data, Hints(content_type="text/csv"), SCHEMA)
    with pytest.raises(InvalidRows, match=r"^line 6, column 'b': is .* where true or false belongs$") as caught:
        asked(reading, SCHEMA)
    assert caught.value.pointer is None
    good = asked(replace(reading, table=reading.table.slice(0, 2)), SCHEMA)
    (note,) = good.notes.found
    assert (note.rows, note.lines) == ([1], [5])


def test_notes_are_bounded() -> None:
    row = {**ROW, **{f"more{i}": i for i in range(3 * MOST_NOTES)}}
    found = by_rows([row], Ways()).notes.found
    assert len(found) == MOST_NOTES
    assert (found[-1].code, found[-1].count) == ("more_notes", 2 * MOST_NOTES + 1)


def test_fast_and_slow_rows_are_predicted_together() -> None:
    reader = RowReader(SCHEMA)
    parts = [reader.read(json.dumps({"rows": [row]}).encode()) for row in (ROW, {**ROW, "z": 1}, {**ROW, "c": "new"})]
    assert [bool(part.notes and part.notes.found) for part in parts] == [False, True, True]
    assert reader.table(parts).column("c").to_pylist() == ["p", "p", None]
