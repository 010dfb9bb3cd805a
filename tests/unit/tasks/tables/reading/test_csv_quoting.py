"""What an NA without quotation marks is."""

from __future__ import annotations

import pytest

from tasks.tables.bounds import UNBOUNDED
from tasks.tables.reading.csv_quoting import unquoted_is_missing
from tasks.tables.reading.csv_table import read_csv
from tasks.tables.reading.hints import CsvOptions, Hints


@pytest.mark.parametrize(
    ("text", "missing"),
    [
        ('"","sex","age"\n"1","male",3\n"2",NA,NA\n', True),
        ('"sex","born"\n"male",2001-02-03\nNA,2001-02-04\n', True),
        ('"sex","note"\n"male","said ""NA, no"""\nNA,"x"\n', True),
        ("sex,age\nmale,3\nNA,4\n", False),
        ('"sex","town"\n"male",Rome\nNA,"Bonn"\n', False),
        ('"country","age"\n"DE",3\n"NA",4\n', False),
        ('"country","age"\n3,4\nNA,4\n', False),
        ('"sex";"age"\n"male";3,5\nNA;4,5\n', True),
    ],
)
def test_it_is_missing_where_all_texts_are_quoted(text: str, missing: bool) -> None:
    assert unquoted_is_missing(text.encode(), ";" if ";" in text else ",") is missing


def test_a_table_that_r_wrote_has_missing_texts() -> None:
    text = b'"","sex","age"\n"1","male",3\n"2",NA,NA\n"3","NA",4\n'
    reading = read_csv(text, Hints(), UNBOUNDED)
    assert reading.table.column("sex").to_pylist() == ["male", None, "NA"]
    assert reading.table.column("age").to_pylist() == [3, None, 4]
    assert [found.code for found in reading.findings] == ["unquoted_missing"]
    said = read_csv(text, Hints(csv=CsvOptions(missing_words=["-"])), UNBOUNDED)
    assert said.table.column("sex").to_pylist() == ["male", "NA", "NA"]
