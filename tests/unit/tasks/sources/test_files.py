from __future__ import annotations

import gzip
import os
import traceback
from pathlib import Path
from typing import Any

import fsspec
import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.config.sources_file import DataSource
from tasks.errors import BodyTooLarge, InvalidField, InvalidTable, MalformedBody, SettingsError, Unavailable
from tasks.sources.asked import Asked
from tasks.sources.reading import read_source
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.reading.result import Reading


def read(url: str | Path, bounds: Bounds = UNBOUNDED, **asked: str) -> Reading:
    source = DataSource(url=f"file://{url}" if isinstance(url, Path) else url)
    return read_source({"sales": source}, Asked(source="sales", **asked), bounds)


def write(folder: Path, **files: Any) -> Path:
    """Files by their names, in which `__` stands for a slash and the last `_` for a dot."""
    for given, content in files.items():
        stem, _, kind = given.replace("__", "/").rpartition("_")
        path = folder / f"{stem}.{kind}"
        path.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, dict):
            parquet.write_table(pa.table(content), path)
        else:
            path.write_text(content)
    return folder


def test_several_files_are_one_table_in_the_order_of_their_names(tmp_path: Path) -> None:
    folder = write(tmp_path, b_csv="y,x\n1.5,c\n", a_parquet={"x": ["a", "b"], "y": [1, None]}, c_csv="x,y\nd,\n")
    (folder / "d.csv.gz").write_bytes(gzip.compress(b"x,y\ne,4\n"))
    table = read(folder).table
    assert table.to_pydict() == {"x": ["a", "b", "c", "d", "e"], "y": [1.0, None, 1.5, None, 4.0]}


def test_what_is_hidden_or_not_whole_is_left_out_and_what_is_of_another_kind_is_told(tmp_path: Path) -> None:
    folder = write(tmp_path, a_csv="x\n1\n2\n", notes_txt="hello")
    for name in (".hidden.csv", "_SUCCESS", "_temporary/b.csv", "c.csv.tmp", "d.csv.crdownload", ".git/e.csv"):
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text("other\n1\n")
    (folder / "circle.csv").symlink_to(folder)
    os.mkfifo(folder / "pipe.csv")
    reading = read(folder)
    assert reading.table.to_pydict() == {"x": [1, 2]}
    assert [(found.code, found.message) for found in reading.findings] == [
        ("other_files", "3 files of the source are neither Parquet nor CSV, such as circle.csv")
    ]


def test_folders_may_say_what_a_column_is(tmp_path: Path) -> None:
    folder = tmp_path
    for name, text in (
        ("year=2024/city=New%20York/a.csv", "x\n1\n"),
        ("year=2025/city=__HIVE_DEFAULT_PARTITION__/a.csv", "x\n2\n3\n"),
    ):
        (folder / name).parent.mkdir(parents=True)
        (folder / name).write_text(text)
    assert read(folder).table.to_pydict() == {
        "x": [1, 2, 3],
        "year": [2024, 2025, 2025],
        "city": ["New York", None, None],
    }
    (folder / "b.csv").write_text("x\n1\n")
    with pytest.raises(InvalidTable, match=r"folders of year=2024.* name other columns"):
        read(folder)


def test_a_column_that_is_text_in_one_csv_is_as_it_is_written_in_all(tmp_path: Path) -> None:
    folder = write(tmp_path, a_csv="x,z\n1.50,1\n2.00,1\n", b_csv="x,z\nn/a,2\n")
    assert read(folder).table.to_pydict() == {"x": ["1.50", "2.00", "n/a"], "z": [1, 1, 2]}
    folder = write(tmp_path / "days", a_csv="d\n2025-01-01\n", b_csv="d\n2025-01-02 10:00:00\n")
    assert read(folder).table.to_pydict() == {"d": ["2025-01-01", "2025-01-02 10:00:00"]}


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"a_csv": "x,y\n1,2\n", "b_csv": "x\n1\n"}, r"^b\.csv has no column 'y', unlike a\.csv"),
        ({"a_csv": "x\n1\n", "b_csv": "x,z\n1,2\n"}, r"^b\.csv has a column 'z' more"),
        ({"a_parquet": {"x": [1]}, "b_parquet": {"x": ["a"]}}, r"^b\.parquet has string in the column 'x'.*int64"),
        ({"a_parquet": {"x": [2**62 + 1]}, "b_parquet": {"x": [0.5]}}, r"^a\.parquet has a value that other files"),
        ({"a_csv": "x,x\n1,2\n", "b_csv": "x,x\n1,2\n"}, r"^a\.csv has two columns 'x'"),
        ({"year=1__a_csv": "year\n1\n"}, "has a column 'year', and a folder"),
    ],
)
def test_files_that_differ_are_refused_by_their_names(tmp_path: Path, files: dict[str, Any], said: str) -> None:
    with pytest.raises(InvalidTable, match=said):
        read(write(tmp_path, **files))


def test_a_damaged_file_is_refused_by_its_name(tmp_path: Path) -> None:
    folder = write(tmp_path, a_parquet={"x": [1, 2]})
    whole = (folder / "a.parquet").read_bytes()
    (folder / "b.parquet").write_bytes(whole[:-20])
    with pytest.raises(MalformedBody, match=r"^b\.parquet: "):
        read(folder)


def test_what_is_not_there_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    for url, said in (
        (tmp_path / "none", "'sales' is not there"),
        (tmp_path / "empty", "has no file that is read"),
        ("memory://none/at/all", "'sales' is not there"),
    ):
        with pytest.raises(InvalidField, match=said) as caught:
            read(url)
        assert caught.value.pointer == "/source"
        assert str(tmp_path) not in str(caught.value)
    with pytest.raises(SettingsError) as setting:
        read("nosuch://key:secret@host/x")
    assert "secret" not in str(setting.value)


def test_a_place_that_does_not_answer_is_told_without_where_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    bucket = fsspec.filesystem("memory")
    for error in (OSError("no route to s3.secret.example"), type("E", (Exception,), {"__module__": "botocore.x"})()):

        def fail(path: str, error: Exception = error) -> bool:
            raise error

        monkeypatch.setattr(bucket, "isdir", fail)
        with pytest.raises(Unavailable) as caught:
            read("memory://sales")
        assert "secret" not in "".join(traceback.format_exception(caught.value))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_said_so(tmp_path: Path) -> None:
    path = write(tmp_path, a_csv="x\n1\n") / "a.csv"
    path.chmod(0)
    with pytest.raises(InvalidField, match="may not be read"):
        read(path)


def test_a_folder_in_a_bucket_is_read_as_it_is_now() -> None:
    bucket = fsspec.filesystem("memory")
    try:
        bucket.pipe({"/sales/2024/a.csv": b"x\n1\n", "/sales/2025/b.csv": b"x\n2\n"})
        assert read("memory://sales").table.to_pydict() == {"x": [1, 2]}
        bucket.pipe("/sales/2026/c.csv", b"x\n3\n")
        assert read("memory://sales/").table.to_pydict() == {"x": [1, 2, 3]}
    finally:
        bucket.rm("/sales", recursive=True)


def test_files_past_the_bounds_together_are_refused(tmp_path: Path) -> None:
    folder = write(tmp_path, a_csv="x\n" + "1\n" * 60, b_csv="x\n" + "1\n" * 60)
    with pytest.raises(BodyTooLarge, match="the source 'sales' has 120 rows"):
        read(folder, Bounds(rows=100))


def test_files_have_no_tables(tmp_path: Path) -> None:
    with pytest.raises(InvalidField, match="is one table; leave table out"):
        read(write(tmp_path, a_csv="x\n1\n"), table="x")
