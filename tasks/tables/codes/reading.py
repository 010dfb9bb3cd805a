"""What reading a body finds: `tasks.tables.reading`."""

from __future__ import annotations

from typing import Final

from tasks.tables.codes.meaning import Meaning

READING: Final[dict[str, Meaning]] = {
    "other_format": Meaning(
        "info",
        "the bytes are another format than the Content-Type says",
        "read as what they are",
        "send the Content-Type that it has",
    ),
    "encoding": Meaning("info", "a text is not in UTF-8", "read in the charset that is named", "send UTF-8"),
    "csv_dialect": Meaning(
        "info",
        "a CSV is separated by another sign than the comma, or has decimal commas",
        "read as it is",
        "options.csv says delimiter and decimal if it is otherwise",
    ),
    "unquoted_missing": Meaning(
        "info",
        "a CSV quotes its texts, and NA stands in it without quotation marks",
        "it is a missing value",
        "options.csv.missing_words says which words are missing",
    ),
    "escaped_quotes": Meaning(
        "info", "quotes in a CSV are written with a backslash", "read as quotes", "write them twice, as CSV has them"
    ),
    "empty_fields": Meaning(
        "info",
        "lines of a CSV have empty fields behind the last column",
        "left out",
        "give every line as many fields as the header",
    ),
    "empty_columns": Meaning("info", "columns at the end have no name and no value", "left out", ""),
    "first_sheet": Meaning("info", "a workbook has several sheets", "the first is read", "name another with ?sheet="),
    "empty_rows": Meaning("info", "rows at the end have no value at all", "left out", ""),
    "keys_left_out": Meaning(
        "info", "objects of a JSON lack keys that others have", "missing there", "write null for what is missing"
    ),
    "other_files": Meaning(
        "warning",
        "a folder that is a source has files that are neither Parquet nor CSV",
        "left out",
        "keep them elsewhere, or as hidden files",
    ),
    "mixed_storage": Meaning(
        "warning",
        "a column of SQLite holds values of several types that are not all numbers",
        "read as text",
        "cast it in a query of the source",
    ),
}
