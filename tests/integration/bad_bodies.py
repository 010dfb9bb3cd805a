"""Bodies that are refused, in tables: what is sent, words of the error's detail, its pointer."""

from __future__ import annotations

import io
from typing import Any, Final

import pyarrow as pa
from pyarrow import parquet

from tasks.contract import Media

GOOD: Final = {"rows": [{"a": 1.5, "b": 2, "c": "x"}]}
ROWS: Final = [{"a": a + 0.5, "b": b, "c": "xyz"[(a + b) % 3], "y": a + b + 0.25} for a in range(8) for b in range(8)]
#: Said when a number is refused.
RANGE: Final = "numbers must be finite and at most 3.4028235e38"


def changed(rows: list[dict[str, Any]] = ROWS, *, row: int | None = None, **values: Any) -> dict[str, Any]:
    """Rows with other values, in one row or in all."""
    return {"rows": [{**old, **values} if row in (None, index) else old for index, old in enumerate(rows)]}


def as_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def as_stream(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


TABLE: Final = pa.table({"a": [1.5], "b": [2], "c": ["x"]})
BOM: Final = b"\xef\xbb\xbf"

#: Bodies that are not what their type says: media, body, words of the detail. The same for init and estimate.
MALFORMED: Final = {
    "not JSON": (Media.JSON, b"hello", ["not valid JSON", "byte 0", "Content-Type"]),
    "JSON cut short": (Media.JSON, b'{"rows": [[1, 2', ["not valid JSON", "truncated"]),
    "JSON in latin-1": (Media.JSON, '{"rows": [[1, 2, "é"]]}'.encode("latin-1"), ["byte 18", "0xe9", "save as UTF-8"]),
    "NaN": (Media.JSON, b'{"rows": [[NaN, 1, "x"]]}', ["NaN (byte 11)", "write null"]),
    "infinity": (Media.JSON, b'{"rows": [[Infinity, 1, "x"]]}', ["Infinity (byte 11)", "write null"]),
    "minus infinity": (Media.JSON, b'{"columns": {"a": [-Infinity]}}', ["Infinity (byte 20)", "write null"]),
    "deep JSON": (Media.JSON, b'{"rows": ' + b"[" * 100_000, ["nested too deeply"]),
    "CSV in latin-1": (Media.CSV, "a,b,c\n1,2,é\n".encode("latin-1"), ["byte 10", "0xe9", "save as UTF-8"]),
    "UTF-16 without a BOM": (Media.CSV, "a,b,c\n1,2,x\n".encode("utf-16-le"), ["0x61002c00", "Parquet, Arrow"]),
    "a page": (Media.CSV, b"<!DOCTYPE html><html>", ["HTML", "not read"]),
    "an old workbook": (Media.BYTES, bytes.fromhex("d0cf11e0a1b11ae1") + bytes(99), [".xls", "save it as .xlsx"]),
    "a picture": (Media.BYTES, b"\x89PNG\r\n\x1a\n" + bytes(99), ["a picture", "CSV or Parquet"]),
    "CSV in one line": (Media.CSV, b"a,b,c1,2,x3,4,y", ["single line", "--data-binary"]),
    "a stray quote": (Media.CSV, b'a,b,c\n1,2,"x\n3,4,y\n', ["line 2", "none closes it"]),
    "uneven CSV": (Media.CSV, b"a,b,c\n1,2,x\n1,2\n", ["line 3", "2 fields where 3", "as many fields as the header"]),
    "empty CSV": (Media.CSV, b"", ["empty"]),
    "Parquet without its end": (Media.PARQUET, as_parquet(TABLE)[:-20], ["Parquet", "send the whole"]),
    "half of a Parquet": (Media.PARQUET, as_parquet(TABLE)[: len(as_parquet(TABLE)) // 2], ["send the whole"]),
    "Parquet of zeros": (Media.PARQUET, b"PAR1" + bytes(60) + b"PAR1", ["Parquet", "send the whole"]),
    "Arrow without its end": (Media.ARROW, as_stream(TABLE)[:-30], ["Arrow", "send the whole"]),
    "Arrow without its end marker": (Media.ARROW, as_stream(TABLE)[:-8], ["Arrow", "cut off", "end marker"]),
    "Arrow and more": (Media.ARROW, as_stream(TABLE) * 2, ["Arrow", "bytes come after its end marker"]),
    "not Arrow": (Media.ARROW, b"hello", ["said to be Arrow and looks like CSV"]),
}

#: Rows that do not fit the model: body, words, pointer.
ESTIMATES: Final[dict[str, tuple[Any, list[str], str | None]]] = {
    "an empty list": ([], ["give at least one"], None),
    "nothing": ({}, ["rows or columns"], None),
    "another key": ({"row": []}, ["'row'", "send rows or columns"], "/row"),
    "rows of unequal length": ({"rows": [[1, 2, "x"], [1, 2]]}, ["row 1", "2 values where 3", "'c'"], "/rows/1"),
    "columns of unequal length": (
        {"columns": {"a": [1], "b": [1, 2], "c": ["x"]}},
        ["'b' has 2 values", "'a' has 1"],
        "/columns/b",
    ),
    "unknown column": ({"rows": [{**GOOD["rows"][0], "d": 1}]}, ["row 0", "unknown columns: 'd'"], "/rows/0"),
    "missing column": ({"rows": [*GOOD["rows"], {"a": 1, "b": 2}]}, ["row 1", "missing columns: 'c'"], "/rows/1"),
    "extra and missing": (
        {"columns": {"a": [1], "d": [1], "c": ["x"]}},
        ["missing columns: 'b'", "unknown columns: 'd'"],
        "/columns",
    ),
    "the target": ({"rows": [{**GOOD["rows"][0], "y": 1}]}, ["'y' is the target", "leave it out"], "/rows/0"),
    "text for a number": (
        {"rows": [[1, 2, "x"], [1, "two", "x"]]},
        ["row 1, column 'b'", "number belongs"],
        "/rows/1/1",
    ),
    "text in an object": (
        {"rows": [{"a": "one", "b": 2, "c": "x"}]},
        ["row 0, column 'a'", "number belongs"],
        "/rows/0/a",
    ),
    "text in a column": (
        {"columns": {"a": [1, 2], "b": [1, "two"], "c": ["x", "x"]}},
        ["row 1, column 'b'", "number belongs"],
        "/columns/b/1",
    ),
    "a list for text": ({"rows": [[1, 2, [3]]]}, ["row 0, column 'c'", "text belongs"], "/rows/0/2"),
    "true for a number": ({"rows": [[True, 2, "x"]]}, ["row 0, column 'a'", "number belongs"], "/rows/0/0"),
    "null where none was": ({"rows": [[None, 2, "x"]]}, ["row 0, column 'a'", "give a value"], "/rows/0/0"),
    "no rows": ({"rows": []}, ["give at least one"], "/rows"),
    "empty columns": ({"columns": {"a": [], "b": [], "c": []}}, ["give at least one"], "/columns"),
    "1e308": ({"rows": [[1e308, 2, "x"]]}, ["row 0, column 'a'", RANGE], "/rows/0/0"),
    "1e999": (b'{"rows": [[1, -1e999, "x"]]}', ["row 0, column 'b'", RANGE], "/rows/0/1"),
}

#: The same in tables: media, body, words, pointer.
TABLES: Final[dict[str, tuple[Media, bytes, list[str], str | None]]] = {
    "CSV, unknown column": (Media.CSV, b"a,b,c,d\n1,2,x,3\n", ["unknown columns: 'd'"], "/rows"),
    "CSV, missing column": (Media.CSV, b"a,c\n1,x\n", ["missing columns: 'b'"], "/rows"),
    "CSV, text": (Media.CSV, b"a,b,c\n1,2,x\n1,two,x\n", ["line 3, column 'b'", "number belongs"], None),
    "CSV, infinity": (Media.CSV, b"a,b,c\ninf,2,x\n", ["line 2, column 'a'", RANGE], None),
    "CSV, 1e308": (Media.CSV, b'a,b,c\n\n1,2,"x\n"\n1e308,2,x\n', ["line 5, column 'a'", RANGE], None),
    "CSV, NaN": (Media.CSV, b"a,b,c\nnan,2,x\n", ["line 2, column 'a'", "give a value"], None),
    "CSV, header only": (Media.CSV, b"a,b,c\n", ["give at least one"], "/rows"),
    "Parquet, no rows": (Media.PARQUET, as_parquet(TABLE.slice(1)), ["give at least one"], "/rows"),
    "Arrow, missing column": (Media.ARROW, as_stream(TABLE.drop_columns(["a"])), ["missing columns: 'a'"], "/rows"),
}

#: Tables that cannot be learned from: target, body, words, pointer.
INITS: Final[dict[str, tuple[str, Any, list[str], str | None]]] = {
    "no target": ("", {"rows": ROWS}, ["target is missing", "name the column"], "?target"),
    "target not there": ("z", {"rows": ROWS}, ["no column 'z'", "'a', 'b', 'c', 'y'"], "?target"),
    "constant target": ("y", changed(y=1.5), ["'y'", "same value", "another target"], "?target"),
    "one class": ("y", changed(y="only"), ["'y'", "same value", "another target"], "?target"),
    "target out of range": ("y", changed(row=9, y=1e308), ["row 9, column 'y'", RANGE], "/rows/9/y"),
    "target alone": ("y", {"columns": {"y": [*range(30)]}}, ["beside the target 'y'", "add at least one"], None),
    "no rows": ("y", {"rows": []}, ["no rows", "at least 10"], "/rows"),
    "few rows": ("y", {"rows": ROWS[:9]}, ["9 rows", "at least 10"], None),
    "columns of unequal length": ("y", {"columns": {"a": [1], "y": [1, 2]}}, ["'y' has 2", "'a' has 1"], "/columns/y"),
    "rows without names": ("y", {"rows": [[1, 2]] * 20}, ["row 0 is a list", "send objects"], "/rows/0"),
    "a list for a number": ("y", changed(row=7, b=[1]), ["row 7, column 'b'", "give a number"], "/rows/7/b"),
    "nothing but null": ("y", changed(a=None, b=None, c=None), ["column 'a'", "no value", "at least one"], None),
    "1e999": ("y", b'{"columns": {"a": [1, 1e999], "y": [1, 2]}}', ["row 1, column 'a'", RANGE], "/columns/a/1"),
    "another key": ("y", {"rows": ROWS, "rest": 1}, ["'rest'", "send rows or columns"], "/rest"),
    "unknown source": ("y", {"source": "none"}, ["'none'", "MLSERVICE_SOURCES"], "/source"),
    "a source and more": ("y", {"source": "none", "tabel": "t"}, ["'tabel'", "known are source, table"], "/tabel"),
    "source of a wrong kind": ("y", {"source": 3}, ["source must be text"], "/source"),
}

#: Trains that are refused: body, words, pointer.
TRAINS: Final[dict[str, tuple[Any, list[str], str | None]]] = {
    "misspelt param": (
        {"params": {"num_leaves": 7, "learning_rat": 0.1}},
        ["'learning_rat'", "did you mean learning_rate"],
        "/params/learning_rat",
    ),
    "two unknown params": (
        {"params": {"zzzz": 1, "max_dept": 2}},
        ["'zzzz'", "'max_dept'", "max_depth"],
        "/params/zzzz",
    ),
    "param that reaches files": (
        {"params": {"output_model": "/tmp/x"}},
        ["output_model", "leave it out"],
        "/params/output_model",
    ),
    "text for a number": (
        {"params": {"learning_rate": "fast"}},
        ["learning_rate must be a finite number"],
        "/params/learning_rate",
    ),
    "no iterations": ({"params": {"num_iterations": 0}}, ["from 1 to 100000"], "/params/num_iterations"),
    "out of its range": ({"params": {"learning_rate": -1}}, ["(learning_rate) > (0.0)"], "/params"),
    "1e308": ({"params": {"learning_rate": 1e308}}, ["diverges", "lower learning_rate"], "/params"),
    "1e999": (b'{"params": {"learning_rate": 1e999}}', ["params", "out of range"], "/params"),
    "objective of another problem": (
        {"params": {"objective": "binary"}},
        ["'binary'", "use one of"],
        "/params/objective",
    ),
    "params as a list": ({"params": [1]}, ["params must be an object, not a list"], "/params"),
    "unknown promote": ({"promote": "maybe"}, ["'maybe'", "always, if_better, never"], "/promote"),
    "promote as a number": ({"promote": 3}, ["promote must be text, not a number"], "/promote"),
    "misspelt field": ({"parms": {}}, ["unknown field 'parms'", "params, promote"], "/parms"),
    "a list": ([], ["the body must be an object"], ""),
}
