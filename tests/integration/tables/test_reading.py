"""Tables as tools write and send them, through HTTP."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.problems import refused
from tests.service import Service
from tests.unit.tasks.tables.reading.test_bodies import as_workbook, cells

pytestmark = pytest.mark.integration

TABLES: Final = Path(__file__).parents[2] / "data" / "tables"
WAIT: Final = {"Prefer": "wait=30"}


def read(name: str) -> bytes:
    return (TABLES / name).read_bytes()


def post(service: Service, path: str, body: bytes | None = None, media: str = "", **more: Any) -> httpx.Response:
    """What is answered to bytes of which nothing or this is said."""
    headers = WAIT | ({"Content-Type": media} if media else {})
    return service.http.post(f"/v1/models/{path}", content=body, headers=headers, **more)


def initialised(service: Service, model: str, body: bytes, media: str = "", **params: str) -> dict[str, Any]:
    answer = post(service, f"{model}/init", body, media, params={"target": "y", "replace": "true", **params})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def codes(found: dict[str, Any]) -> set[str]:
    return {finding["code"] for finding in found["plan"].get("findings", [])}


def types(found: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["type"] for column in found["columns"]}


@pytest.mark.parametrize(
    ("name", "rows", "columns", "code"),
    [
        ("01-polars-write_ipc-categorical.arrow", 40, {"x": "number", "k": "category"}, ""),
        ("04-quoted-empty.csv", 20, {"x": "number", "k": "number"}, ""),
        ("06-json-records.json", 20, {"x": "number"}, ""),
        ("07-json-split.json", 20, {"x": "number"}, ""),
        ("08-rows.ndjson", 20, {"x": "number"}, ""),
        ("09-pandas-default-index.csv", 20, {"x": "number"}, "row_number"),
        ("10-pandas-after-filtering.parquet", 21, {"x": "number"}, "row_number"),
        ("11-semicolon.csv", 20, {"x": "number", "k": "number"}, "csv_dialect"),
        ("12-semicolon-decimal-comma.csv", 20, {"x": "number", "k": "number"}, "csv_dialect"),
        ("18-null-left-out.json", 20, {"x": "number", "k": "number"}, "keys_left_out"),
        ("20-empty-column.csv", 20, {"x": "number"}, "no_value"),
        ("21-excel-trailing-commas.csv", 20, {"x": "number"}, "empty_columns"),
        ("31-duckdb-uuid.parquet", 20, {"x": "number"}, "unique_text"),
    ],
)
def test_cases(service: Service, name: str, rows: int, columns: dict[str, str], code: str) -> None:
    found = initialised(service, "case", read(name))
    assert found["rows"] == rows
    assert types(found) == columns
    assert not code or code in codes(found)


def test_binary_that_is_utf_8_is_text(service: Service) -> None:
    found = initialised(service, "case", read("30-bytes.parquet"))
    assert types(found) == {"k": "category"}


def test_a_stray_quote_is_refused_with_its_line(service: Service) -> None:
    refused(post(service, "case/init", read("22-stray-quote.csv"), params={"target": "y"}), 400, "line 6", "quotation")


CSV: Final = b"k;x;y\n" + b"".join(f"{'ab'[i % 2]};{i},5;{i}\n".encode() for i in range(40))
ROW: Final = b"k;x\na;3,5\nb;7,5\n"
SHEET: Final = cells(1, "k", "x") + cells(2, "a", 3.5) + cells(3, "b", 7.5)


@pytest.fixture(scope="module")
def predictions(service: Service) -> list[float]:
    """What a model answers to two rows."""
    initialised(service, "sent", CSV)
    service.train("sent", params={"num_iterations": 20}).raise_for_status()
    answer = post(service, "sent/estimate", ROW)
    assert answer.status_code == 200, answer.text
    found: list[float] = answer.json()["predictions"]
    assert len(set(found)) == 2
    return found


@pytest.mark.parametrize(
    ("body", "media"),
    [
        (ROW, "application/x-www-form-urlencoded"),
        (ROW, "application/octet-stream"),
        (ROW, "application/json"),
        (ROW.replace(b",", b".").replace(b";", b","), "text/csv; charset=windows-1252"),
        (ROW.decode().encode("utf-16"), "text/csv"),
        (gzip.compress(ROW, mtime=0), "application/gzip"),
        (b'[{"k": "a", "x": 3.5}, {"k": "b", "x": 7.5}]', ""),
        (b'{"k": "a", "x": 3.5}\n{"k": "b", "x": 7.5}\n', "application/x-ndjson"),
        (b'{"columns": ["x", "k"], "data": [[3.5, "a"], [7.5, "b"]]}', "application/json"),
        (as_workbook(SHEET), "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"),
    ],
)
def test_the_same_rows_sent_in_any_way(service: Service, predictions: list[float], body: bytes, media: str) -> None:
    answer = post(service, "sent/estimate", body, media)
    assert answer.status_code == 200, answer.text
    assert answer.json()["predictions"] == predictions


def test_a_single_object(service: Service, predictions: list[float]) -> None:
    answer = post(service, "sent/estimate", b'{"k": "a", "x": 3.5}', "application/json")
    assert answer.json()["predictions"] == predictions[:1], answer.text


def test_a_sheet_by_its_name(service: Service, predictions: list[float]) -> None:
    book = as_workbook(cells(1, "a"), SHEET)
    answer = post(service, "sent/estimate", book, params={"sheet": "Other"})
    assert answer.json()["predictions"] == predictions, answer.text
    refused(post(service, "sent/estimate", book, params={"sheet": "None"}), 422, "'Data', 'Other'", pointer="?sheet")


def test_a_file_of_a_form(service: Service, predictions: list[float]) -> None:
    files = {"file": ("t.csv", ROW, "text/csv")}
    answer = service.http.post("/v1/models/sent/estimate", files=files, headers=WAIT)
    assert answer.json()["predictions"] == predictions, answer.text
    fields = {"target": "y", "options": '{"csv": {"delimiter": ";", "decimal": ","}}'}
    answer = service.http.post("/v1/models/form/init", files={"file": CSV}, data=fields, headers=WAIT)
    assert answer.status_code == 200, answer.text
    assert types(answer.json()) == {"k": "category", "x": "number"}
    answer = service.http.post(
        "/v1/models/form/init", files={"file": CSV}, data=fields, params={"target": "x"}, headers=WAIT
    )
    refused(answer, 422, "target is 'x' in the query and 'y' in the form", pointer="?target")


def test_a_form_says_all_that_a_query_may(service: Service) -> None:
    def sent(**fields: str) -> httpx.Response:
        parts = {name: (None, value) for name, value in fields.items()}
        files = {"file": CSV} if "upload" not in fields else {}
        return service.http.post("/v1/models/form/init", files={**parts, **files}, headers=WAIT)

    csv = '{"csv": {"delimiter": ";", "decimal": ","}}'
    seen = sent(dry_run="true", options=csv, target="x", sheet="", replace="").raise_for_status().json()
    assert seen["dry_run"]
    assert seen["target"] == "x"
    # What is said later goes before what was said with the file, which is no dry run any more.
    kept = sent(upload=seen["upload"], target="y", replace="true").raise_for_status().json()
    assert kept["target"] == "y"
    assert types(kept) == {"k": "category", "x": "number"}
    again = post(service, "form/init", b"", params={"upload": seen["upload"]}).raise_for_status().json()
    assert (again["target"], "dry_run" in again) == ("x", False)
    assert sent(dry_run="false", target="y").raise_for_status().json()["fingerprint"]
    refused(sent(replace="on", target="y"), 422, "replace must be true or false, not 'on'", pointer="?replace")
    refused(sent(spread="1"), 422, "unknown field 'spread'", "dry_run, upload")


def test_options_of_csv(service: Service) -> None:
    text = CSV.decode().encode("utf-16-le")
    options = '{"csv": {"encoding": "utf-16-le", "delimiter": ";", "decimal": ","}}'
    assert types(initialised(service, "case", text, options=options)) == {"k": "category", "x": "number"}
    answer = post(service, "case/init", CSV, params={"target": "y", "options": '{"csv": {"separator": ";"}}'})
    refused(answer, 422, "options.csv", "separator", pointer="/options/csv")
