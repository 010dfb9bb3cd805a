"""CSV as tools write it."""

from __future__ import annotations

import sys

import msgspec
import pyarrow as pa
import pytest

from tasks.errors import InvalidField, MalformedBody
from tasks.tables.bounds import UNBOUNDED
from tasks.tables.reading import csv_quotes
from tasks.tables.reading.csv_lines import Lines
from tasks.tables.reading.csv_table import read_csv
from tasks.tables.reading.hints import Hints, csv_options
from tasks.tables.reading.result import Reading
from tests.servers import eventually


def reading(data: bytes, *, content_type: str = "", **csv: object) -> Reading:
    return read_csv(data, Hints(content_type=content_type, csv=csv_options(csv)), UNBOUNDED)


def values(data: bytes, **said: object) -> dict[str, list[object]]:
    found: dict[str, list[object]] = reading(data, **said).table.to_pydict()  # type: ignore[arg-type]
    return found


WRITTEN = {
    "semicolons": b"x;t\n1;a,b\n2;c\n",
    "tabs": b"x\tt\n1\ta,b\n2\tc\n",
    "bars": b"x|t\n1|a,b\n2|c\n",
    "commas": b'x,t\n1,"a,b"\n2,c\n',
    "blanks": b'x, t\n1, "a,b"\n2, c\n',
    "sep=": b"sep=;\r\nx;t\r\n1;a,b\r\n2;c\r\n",
    "CRLF": b'x,t\r\n1,"a,b"\r\n2,c\r\n',
    "CR": b'x,t\r1,"a,b"\r2,c\r',
    "BOM": b'\xef\xbb\xbfx,t\n1,"a,b"\n2,c\n',
    "UTF-16": 'x,t\n1,"a,b"\n2,c\n'.encode("utf-16"),
    "UTF-16, the other way": b"\xfe\xff" + 'x,t\n1,"a,b"\n2,c\n'.encode("utf-16-be"),
    "columns at the end": b'x,t,,\n1,"a,b",,\n2,c,,\n',
    "fields at the end": b'x,t\n1,"a,b",,\n2,c,,\n',
    "some fields at the end": b"x;t\n1;a,b;;\n2;c\n",
    "rows at the end": b'x,t\n1,"a,b"\n2,c\n,\n,\n',
    "empty lines": b'x,t\n\n1,"a,b"\n\n2,c\n\n\n',
}


@pytest.mark.parametrize("data", WRITTEN.values(), ids=WRITTEN)
def test_the_same_table(data: bytes) -> None:
    assert values(data) == {"x": [1, 2], "t": ["a,b", "c"]}


@pytest.mark.parametrize(
    ("data", "content_type", "options"),
    [
        ("é,x\nü,1\n".encode("cp1252"), "text/csv; charset=windows-1252", {}),
        ("é,x\nü,1\n".encode("latin-1"), 'text/csv; header=present; charset="ISO-8859-1"', {}),
        ("é,x\nü,1\n".encode("cp1252"), "", {"encoding": "windows-1252"}),
        ("é,x\nü,1\n".encode("utf-16-le"), "text/csv; charset=utf-16le", {}),
        ("é,x\nü,1\n".encode(), "text/csv; charset=utf-8", {}),
        ("é,x\nü,1\n".encode("utf-8-sig"), "text/csv; charset=windows-1252", {}),
    ],
)
def test_encodings(data: bytes, content_type: str, options: dict[str, str]) -> None:
    assert values(data, content_type=content_type, **options) == {"é": ["ü"], "x": [1]}


def test_a_byte_that_is_no_utf_8_is_told_by_its_place_wherever_it_is() -> None:
    data = b"a,b\n" + "ü,1\n".encode() * 300_000
    for place in (5_000, 1_048_575, 1_048_576, 1_199_999):
        bad = bytearray(data)
        bad[place] = 0xFF
        with pytest.raises(MalformedBody, match=r"byte \d+ \(counted") as caught:
            reading(bytes(bad))
        assert abs(int(str(caught.value).split("byte ")[1].split()[0]) - place) <= 1


@pytest.mark.parametrize("name", ["punycode", "idna", "zlib", "rot13", "unicode_escape", "nonsense", "é"])
def test_encodings_that_are_not_read(name: str) -> None:
    with pytest.raises(InvalidField, match="save as UTF-8"):
        reading(b"a,b\n1,2\n", encoding=name)


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("007", "007"),
        ("-007", "-007"),
        ("00", "00"),
        ("0x1F", "0x1F"),
        ("+4915112345", "+4915112345"),
        ("12345678901234567890", "12345678901234567890"),
        ("12:30", "12:30"),
        ("true", "true"),
        ("0", 0),
        ("-0.5", -0.5),
        ("1e5", 100000.0),
        ("9007199254740993", 9007199254740993),
    ],
)
@pytest.mark.parametrize("quoted", [False, True])
def test_what_may_be_no_number_stays_as_it_is_written(text: str, found: object, *, quoted: bool) -> None:
    cell = f'"{text}"' if quoted else text
    rows = b"x,k\n" + b"1,5\n" * 100_000 + f"2,{cell}\n".encode()
    last = values(rows)["k"][-1]
    assert last == found
    assert type(last) is type(found)


def test_doubts_about_one_column_leave_the_others() -> None:
    types = reading(b"a,b,c,d\n1,007,1.5,2026-01-05 07:00:00\n02,8,2.5,2026-01-06 08:00:00\n3,9,3.5,\n").table.schema
    assert [str(kind) for kind in types.types] == ["string", "string", "double", "timestamp[s]"]


def test_missing_values() -> None:
    data = b'n,q,t,o\n1,"",NA,\n,"2","",\n\\N,"3",\\N,\n'
    assert values(data) == {"n": [1, None, None], "q": ["", "2", "3"], "t": ["NA", "", None], "o": [None] * 3}
    said = values(b'n,t\n-99,NA\n2,"NA"\n3,x\n', missing_words=["-99", "NA"])
    assert said == {"n": [None, 2, 3], "t": [None, None, "x"]}


def test_a_column_alone_keeps_its_missing_rows() -> None:
    assert values(b"x\n1\n\n3\n\n") == {"x": [1, None, 3, None]}


def test_decimal_commas() -> None:
    found = reading(b"x;y\n1;0,5\n2;1,5\n")
    assert found.table.to_pydict() == {"x": [1, 2], "y": [0.5, 1.5]}
    assert found.decimal == ","
    assert [finding.code for finding in found.findings] == ["csv_dialect"]
    late = b"x;y\n" + b"1;2\n" * 5000 + b"1;2,5\n"
    assert values(late)["y"][-1] == 2.5
    assert values(b"x;y\n1;0.5\n") == {"x": [1], "y": [0.5]}


def test_options_leave_nothing_to_be_found_out() -> None:
    assert values(b"1;2\n3;4\n", header=False) == {"column_1": [1, 3], "column_2": [2, 4]}
    assert values(b"a;b,c\n1;2,3\n", delimiter=",") == {"a;b": ["1;2"], "c": [3]}
    assert values(b"a;b\n1;2,3\n", delimiter=";", decimal=".") == {"a": [1], "b": ["2,3"]}
    for wrong in (
        {"delimiter": ";;"},
        {"decimal": ";"},
        {"header": 3},
        {"speed": 1},
        {"delimiter": ",", "decimal": ","},
    ):
        with pytest.raises(InvalidField, match=r"options\.csv"):
            csv_options(wrong)


def test_columns_without_a_name() -> None:
    assert list(values(b",x,,y\n0,1,2,3\n")) == ["", "x", "Unnamed: 2", "y"]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b'a,b\n1,2\n3,"x\n5,6\n', "line 3 .* none closes it"),
        (b'a,b\n1,2\n3,"x\n5,6\n7,"y\n', "line 3 .* a mark on line 5"),
        (b'a,b\n1,"x"y\n', "line 2"),
        (b"a,b\n1,2\n3\n", "line 3 of the CSV has 1 fields where 2"),
        (b"a,b\n1,2\n3,4,5\n", "line 3 of the CSV has 3 fields where 2"),
        (b'a,b\n"1\n1",2\n\n3,4,5\n', "line 5 of the CSV has 3 fields where 2"),
        (b"a;b\n1;2\n3;4;5\n", "line 3 .*separated by ';'"),
        (b"a,b1,23,4", "single line.*--data-binary"),
    ],
)
def test_what_is_refused_names_its_line(data: bytes, words: str) -> None:
    with pytest.raises(MalformedBody, match=words):
        reading(data)


def test_marks_inside_of_fields_without_quotes_mean_themselves() -> None:
    assert values(b'a,b\n5" pipe,1\n"6"" pipe",2\n7"" pipe,3\n') == {
        "a": ['5" pipe', '6" pipe', '7"" pipe'],
        "b": [1, 2, 3],
    }


def test_backslashes_before_marks() -> None:
    found = reading(b'a,b\n"say \\"hi\\", now",1\n"C:\\\\temp",2\n')
    assert found.table.column("a").to_pylist() == ['say "hi", now', "C:\\\\temp"]
    assert [finding.code for finding in found.findings] == ["escaped_quotes"]


@pytest.mark.parametrize("part", [1, 2, 3, 7, 1 << 20])
def test_quotes_are_the_same_in_parts_of_any_size(part: int, monkeypatch: pytest.MonkeyPatch) -> None:
    data = b'a,b\n"x ""y"" z","1"\n"","2\n3"\nq""r,"4"\n'
    whole = [place for places in csv_quotes.field_quotes(data, ",") for place in places.tolist()]
    monkeypatch.setattr(csv_quotes, "PART_BYTES", part)
    assert [place for places in csv_quotes.field_quotes(data, ",") for place in places.tolist()] == whole
    assert data[whole[-1]] == ord('"')


def test_lines_of_rows() -> None:
    data = b'a,b\n\n"x\ny",1\n\r\n2,3\n"p ""\n"" q",4\n5,6'
    lines = reading(data).lines_of
    assert lines([0, 1, 2, 3, 9]) == [3, 6, 7, 9]
    assert reading(b"sep=;\na;b\n1;2\n").lines_of([0]) == [3]
    assert reading(b"a,b\n1,2\n3,4").lines_of([0, 1, 2]) == [2, 3]
    assert Lines(b"a\n\n1\n", delimiter=",", header=1, empty=True, before=0)([0, 1]) == [2, 3]


@pytest.mark.parametrize(("rest", "kept"), [(b"1,2\n3,4\n", 0), (b"1,2\n\n3,4\n", 1), (b'1,"2\n3"\n', 1)])
def test_the_text_of_a_csv_is_let_go_where_each_row_is_a_line(rest: bytes, kept: int) -> None:
    data = b"a,b\n" + rest
    before = sys.getrefcount(data)
    found = reading(data)
    # Arrow's threads let go of it a moment after the last row is read.
    eventually(lambda: sys.getrefcount(data) == before + kept, what="the end of the reading")
    assert found.lines_of([0]) == [2]


@pytest.mark.parametrize(
    ("first", "others", "kind"),
    [
        ("1.5", ["2", ""], pa.float64()),
        ("1.5", ["n/a", "2.5"], pa.string()),
        ("-1.5", ["007", "2"], pa.string()),
        ("1.0", ["2", "3"], pa.float64()),
        ("1.5", ["12345678901234567890123", "2"], pa.string()),
        ("2", ["3", "4"], pa.int64()),
        ("", ["1.5", "2"], pa.float64()),
    ],
)
def test_columns_of_wide_tables_are_what_they_are_in_narrow_ones(
    first: str, others: list[str], kind: pa.DataType
) -> None:
    for width in (2, 600):
        lines = [",".join(f"c{i}" for i in range(width))]
        lines += [",".join([value, *["0.5"] * (width - 1)]) for value in [first, *others]]
        table = reading(("\r\n".join(lines) + "\r\n").encode()).table
        assert table.schema.types == [kind, *[pa.float64()] * (width - 1)]


def test_uneven_records_of_wide_tables_are_counted_once() -> None:
    head, row = ",".join(f"c{i}" for i in range(600)), ",".join(["0.5"] * 600)
    text = f"{head}\n{row}\n{row},\n{row.replace('0.5', 'x')}\n"
    found = reading(text.encode())
    assert found.table.num_rows == 3
    with pytest.raises(MalformedBody, match="line 3 of the CSV has 601 fields"):
        reading(text.replace("0.5,\n", "0.5,1\n").encode())


def test_what_is_left_out_at_the_end_is_said_with_its_lines() -> None:
    found = {finding.code: finding for finding in reading(b"x,y,,\n1,2,,\n3,4,,\n,,,\n,,,\n").findings}
    assert found["empty_columns"].count == 2
    assert (found["empty_rows"].count, found["empty_rows"].rows, found["empty_rows"].lines) == (2, [2, 3], [4, 5])
    assert msgspec.json.encode(list(found.values()))


def test_long_records_and_wide_tables() -> None:
    text = b"x" * 3_000_000
    assert values(b"a,b\n1," + text + b"\n") == {"a": [1], "b": [text.decode()]}
    wide = ",".join(f"c{i}" for i in range(3000)).encode() + b"\n" + b",".join([b"1.5"] * 3000) + b"\n"
    assert reading(wide).table.schema.types == [pa.float64()] * 3000
