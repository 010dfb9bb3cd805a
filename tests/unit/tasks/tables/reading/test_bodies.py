"""What a body is, and the formats that are not CSV."""

from __future__ import annotations

import gzip
import io
import uuid
import zipfile
from collections.abc import Callable
from typing import Any, Final

import pyarrow as pa
import pytest
from pyarrow import orc, parquet

from tasks.contract import Media
from tasks.errors import BodyTooLarge, InvalidField, InvalidRequest, InvalidTable, MalformedBody
from tasks.tables.bounds import Bounds
from tasks.tables.formats import write
from tasks.tables.reading.bodies import read
from tasks.tables.reading.forms import opened
from tasks.tables.reading.hints import Hints

TABLE = pa.table({"x": [1, 2, None], "t": ["a", "ü", None]})
CSV = b"x,t\n1,a\n2,\xc3\xbc\n3,b\n"


def as_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def as_orc(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    orc.write_table(table, sink)
    return sink.getvalue()


def as_workbook(*sheets: str, names: str = "Data") -> bytes:
    """A workbook as small as one can be; `sheets`: the XML of the rows of each."""
    titles = [names, "Other", "Third"][: len(sheets)]
    listed = "".join(f'<sheet name="{name}" sheetId="{i + 1}" r:id="r{i}"/>' for i, name in enumerate(titles))
    related = "".join(
        f'<Relationship Id="r{i}" Target="worksheets/sheet{i}.xml" Type="http://schemas.openxmlformats.org/'
        'officeDocument/2006/relationships/worksheet"/>'
        for i in range(len(sheets))
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006/relationships"
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(
            "xl/workbook.xml", f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>{listed}</sheets></workbook>'
        )
        archive.writestr(
            "[Content_Types].xml",
            '<Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"><Override '
            'PartName="/xl/workbook.xml" ContentType="application/vnd.openxmlformats-officedocument.spreadsheetml.'
            'sheet.main+xml"/></Types>',
        )
        archive.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}"><Relationship Id="r1" Type="{office}/officeDocument" '
            'Target="xl/workbook.xml"/></Relationships>',
        )
        archive.writestr("xl/_rels/workbook.xml.rels", f'<Relationships xmlns="{package}">{related}</Relationships>')
        for index, rows in enumerate(sheets):
            archive.writestr(
                f"xl/worksheets/sheet{index}.xml",
                f'<worksheet xmlns="{main}"><sheetData>{rows}</sheetData></worksheet>',
            )
    return sink.getvalue()


def cells(row: int, *values: object) -> str:
    """A row of a sheet."""
    out = []
    for place, value in enumerate(values):
        at = f'r="{"ABCDE"[place]}{row}"'
        if isinstance(value, str):
            out.append(f'<c {at} t="inlineStr"><is><t>{value}</t></is></c>')
        elif isinstance(value, bool):
            out.append(f'<c {at} t="b"><v>{int(value)}</v></c>')
        elif value is not None:
            out.append(f"<c {at}><v>{value}</v></c>")
    return f'<row r="{row}">{"".join(out)}</row>'


SHEET = cells(2, "x", "k", "b") + cells(3, 1, "a", True) + cells(4, 2.5, None, False) + cells(5, None, "c", True)

BODIES = {
    "CSV": (CSV, "csv"),
    "JSON": (b' {"columns": {"x": [1, 2], "t": ["a", "b"]}}', "json"),
    "a list": (b'[{"x": 1, "t": "a"}]', "json"),
    "NDJSON": (b'{"x": 1, "t": "a"}\n\n{"x": 2, "t": "b"}\n', "ndjson"),
    "split": (b'{"columns":["x","t"],"index":[0,1],"data":[[1,"a"],[2,"b"]]}', "json"),
    "table": (b'{"schema":{"primaryKey":["t"]},"data":[{"x":1,"t":"a"}]}', "json"),
    "JSON with a BOM": (b'\xef\xbb\xbf[{"x": 1, "t": "a"}]', "json"),
    "JSON in UTF-16": ('[{"x": 1, "t": "a"}]'.encode("utf-16"), "json"),
    "Parquet": (as_parquet(TABLE), "parquet"),
    "Arrow": (write(TABLE, Media.ARROW), "arrow"),
    "ORC": (as_orc(TABLE), "orc"),
    "gzip": (gzip.compress(CSV), "csv"),
    "gzip twice": (gzip.compress(gzip.compress(CSV)), "csv"),
    "zstd": (bytes(pa.Codec("zstd").compress(CSV)), "csv"),
}
TYPES = ["", "application/octet-stream", "application/x-www-form-urlencoded", *(media.value for media in Media)]


@pytest.mark.parametrize("name", BODIES)
def test_bodies_are_told_by_their_bytes(name: str) -> None:
    data, format_ = BODIES[name]
    for said in TYPES if format_ not in ("orc", "xlsx") else TYPES[:3]:
        found = read(data, Hints(content_type=said))
        assert (found.format, found.table.column_names) == (format_, ["x", "t"]), said
        assert found.table.column("x")[0].as_py() == 1


def test_another_type_than_was_said_is_said() -> None:
    findings = read(CSV, Hints(content_type="application/json")).findings
    assert [finding.code for finding in findings] == ["other_format"]
    assert findings[0].message == "the body was said to be JSON and is CSV, as which it was read"


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (bytes.fromhex("d0cf11e0a1b11ae1") + bytes(600), "old Excel workbook .* save it as .xlsx"),
        (b"%PDF-1.7", "a PDF"),
        (b"SQLite format 3\x00" + bytes(99), "SQLite"),
        (b"\x80\x04\x95abc", "pickle, which is never read"),
        (b"FEA1" + bytes(99), "Feather of version 1"),
        (b"BZh91AY", "bzip2.*gzip or zstd"),
        (b"<html><body>404</body></html>", "HTML"),
        (b"\x00\x01\x02\x03\x04", "0x0001020304"),
        (b"PK\x03\x04abc", "cut off"),
        (gzip.compress(gzip.compress(gzip.compress(CSV, mtime=0), mtime=0), mtime=0), "more than 2 times"),
        (gzip.compress(CSV, mtime=0)[:20], "gzip"),
        (write(TABLE, Media.ARROW)[:-8], "Arrow: it is cut off: its end marker"),
        (write(TABLE, Media.ARROW) + b"\x00", "1 bytes come after its end marker"),
        (b'{"x": 1}{"x": 2}', "curl -d takes them away"),
        (b'{"x": 1}\n{"x": \n', "line 2: "),
        (b'{"x": 1, "x": 2}\n{"x": 1}\n', "'x' twice"),
        (as_orc(TABLE)[:-5], "cannot be read"),
    ],
)
def test_what_is_not_read_is_called_by_its_name(data: bytes, words: str) -> None:
    with pytest.raises(MalformedBody, match=words):
        read(data, Hints())


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (b'{"x": {"0": 1}, "y": {"0": 2}}', InvalidField, "pandas' to_json"),
        (b'{"columns": ["a", "a"], "data": [[1, 2]]}', InvalidTable, "given twice: 'a'"),
        (b'{"columns": ["a", "b"], "data": [[1]]}', InvalidTable, "row 0 has 1 values where 2"),
        (b'{"columns": ["a", 1], "data": [[1, 2]]}', InvalidTable, "column 1 is named by a number"),
        (b'[{"a": 1}, [2]]', InvalidTable, "row 1 is a list"),
        (b'[{"a": 1}, {"a": [2]}]', InvalidTable, "row 1, column 'a': is a list"),
    ],
)
def test_json_that_is_no_table(data: bytes, error: type[InvalidRequest], words: str) -> None:
    with pytest.raises(error, match=words):
        read(data, Hints())


def test_pointers_lead_into_the_body_as_it_came() -> None:
    for data, pointer in [
        (b'[{"a": 1}, {"a": [2]}]', "/1/a"),
        (b'{"rows": [{"a": 1}, {"a": [2]}]}', "/rows/1/a"),
        (b'{"columns": {"a": [1, [2]]}}', "/columns/a/1"),
        (b'{"columns": ["b", "a"], "data": [[1, 1], [1, [2]]]}', "/data/1/1"),
    ]:
        with pytest.raises(InvalidTable) as caught:
            read(data, Hints())
        assert caught.value.pointer == pointer


def test_mixed_values_and_keys_left_out_in_json() -> None:
    found = read(b'[{"a": 1, "b": true}, {"a": "x", "c": 2.5}, {"a": null, "b": 0}]', Hints())
    assert found.table.to_pydict() == {"a": ["1", "x", None], "b": ["true", None, "0"], "c": [None, 2.5, None]}
    assert [(finding.code, finding.count) for finding in found.findings] == [("keys_left_out", 3)]


def test_lines_of_ndjson() -> None:
    assert read(b'{"x": 1}\n\n{"x": 2}\n', Hints()).lines_of([0, 1]) == [1, 3]


FORM = (
    b'--B\r\nContent-Disposition: form-data; name="target"\r\n\r\ny\r\n'
    b'--B\r\nContent-Disposition: form-data; name="file"; filename="t.csv"\r\n'
    b"Content-Type: text/csv; charset=cp1252\r\n\r\nx,y\r\n1,\xe9\r\n\r\n--B--\r\n"
)


@pytest.mark.parametrize("said", ["multipart/form-data; boundary=B", "multipart/form-data", "", "text/plain"])
def test_a_file_in_a_form(said: str) -> None:
    form = opened(FORM, said)
    assert form.fields == {"target": "y"}
    assert (form.data, form.content_type) == (b"x,y\r\n1,\xe9\r\n", "text/csv; charset=cp1252")
    assert read(form.data, Hints(content_type=form.content_type)).table.to_pydict() == {"x": [1], "y": ["é"]}


def test_a_field_of_a_form_in_place_of_its_file() -> None:
    form = b'--B\r\nContent-Disposition: form-data; name="upload"\r\n\r\n7\r\n--B--\r\n'
    found = opened(form, "multipart/form-data; boundary=B", instead="upload")
    assert (found.data, found.fields) == (b"", {"upload": "7"})
    with pytest.raises(InvalidField, match="0 files"):
        opened(form.replace(b"7", b""), "multipart/form-data; boundary=B", instead="upload")


@pytest.mark.parametrize(
    ("data", "error", "words"),
    [
        (FORM[:-10], MalformedBody, "cut off"),
        (FORM, InvalidField, "field 'target' beside the file"),
        (FORM.replace(b"; filename", b"; other"), InvalidField, "'target' beside the file"),
        (b"--B\r\nContent-Disposition: form-data; name=a\r\n\r\n1\r\n--B--\r\n", InvalidField, "0 files"),
        (b"--B\r\nContent-Disposition: form-data\r\n\r\n1\r\n--B--\r\n", MalformedBody, "no name"),
    ],
)
def test_forms_that_are_refused(data: bytes, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        read(data, Hints(content_type="multipart/form-data; boundary=B"))


def test_types_of_arrow() -> None:
    view = pa.array(["a", None, "b"], pa.string_view())
    dictionary = pa.DictionaryArray.from_arrays(
        pa.array([0, None, 1], pa.uint32()), pa.array(["a", "b"]).cast(pa.string_view())
    )
    one = uuid.UUID(int=7)
    table = pa.table(
        {
            "view": view,
            "dictionary": dictionary,
            "large": pa.array(["a", None, "b"], pa.large_string()),
            "bytes": pa.array([b"a", None, b"\xc3\xbc"]),
            "uuid": pa.array([one.bytes, None, one.bytes], pa.uuid()),
            "bool8": pa.array([1, None, 0], pa.bool8()),
            "ends": pa.RunEndEncodedArray.from_arrays(pa.array([2, 3], pa.int32()), pa.array(["p", "q"])),
        }
    )
    found = read(write(table, Media.ARROW), Hints()).table
    assert [str(kind) for kind in found.schema.types[:4]] == [
        "string",
        "dictionary<values=string, indices=int32, ordered=0>",
        "string",
        "string",
    ]
    assert found.to_pydict() == {
        "view": ["a", None, "b"],
        "dictionary": ["a", None, "b"],
        "large": ["a", None, "b"],
        "bytes": ["a", None, "ü"],
        "uuid": [str(one), None, str(one)],
        "bool8": [True, None, False],
        "ends": ["p", "p", "q"],
    }


def test_a_sheet() -> None:
    data = as_workbook(SHEET, cells(1, "a") + cells(2, 5))
    found = read(data, Hints())
    assert found.table.to_pydict() == {"x": [1.0, 2.5, None], "k": ["a", None, "c"], "b": [True, False, True]}
    assert [finding.code for finding in found.findings] == ["first_sheet"]
    assert found.lines_of([0, 2]) == [3, 5]
    assert read(data, Hints(sheet="Other")).table.to_pydict() == {"a": [5.0]}
    with pytest.raises(InvalidField, match="no sheet 'None'; the workbook has 'Data', 'Other'"):
        read(data, Hints(sheet="None"))
    with pytest.raises(InvalidField, match="the body is CSV"):
        read(CSV, Hints(sheet="Data"))


SMALL = Bounds(rows=10**6, columns=1000, bytes=64 * 1024 * 1024)


#: Small bodies that unpack to a lot, each made where it is asked for.
BOMBS: Final[dict[str, Callable[[], bytes]]] = {
    "gzip": lambda: gzip.compress(bytes(100_000_000)),
    "gzip twice": lambda: gzip.compress(gzip.compress(b"x,y\n" + b"1,2\n" * 30_000_000)),
    "a sheet with one cell far away": lambda: as_workbook(
        cells(1, "a") + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'
    ),
    "a sheet of blanks": lambda: as_workbook(" " * 100_000_000),
    "rows of ORC": lambda: as_orc(pa.table({"x": pa.array([1] * 1_100_000)})),
    "runs of Arrow": lambda: write(
        pa.table({"x": pa.RunEndEncodedArray.from_arrays(pa.array([900_000], pa.int32()), pa.array(["x" * 1000]))}),
        Media.ARROW,
    ),
}


@pytest.mark.parametrize("name", BOMBS)
def test_small_bodies_that_unpack_to_a_lot(name: str) -> None:
    with pytest.raises(BodyTooLarge):
        read(BOMBS[name](), Hints(), bounds=SMALL)


def test_a_table_that_pandas_wrote() -> None:
    metadata: Any = {"pandas": '{"index_columns": ["i", {"kind": "range"}, "gone"], "columns": []}'}
    table = pa.table({"x": [1], "i": [0]}).replace_schema_metadata(metadata)
    assert read(as_parquet(table), Hints()).index == {"i"}
