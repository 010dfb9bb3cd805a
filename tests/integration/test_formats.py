"""The same data and the same answers in every format, over HTTP through NGINX."""

from __future__ import annotations

import csv
import io
import json
import random
from typing import Any, Final

import httpx
import pyarrow as pa
import pytest
from pyarrow import parquet

from tasks.contract import Media
from tests.problems import refused
from tests.service import Service

COUNT: Final = 240
#: Rows that are asked about; each kind of missing value is among them.
ASKED: Final = 12
TARGETS: Final = ("kind", "grade", "level", "size")


def make_table() -> pa.Table:
    """Numbers, whole numbers, categories and booleans, all with missing values, and targets of each problem."""
    chance = random.Random(7)
    rows = []
    for index in range(COUNT):
        width, count = round(chance.uniform(-3, 3), 3), chance.randrange(9)
        colour, round_ = chance.choice(["red", "green", "blau, hell", 'so "called"', "grün"]), chance.random() < 0.5
        score = width + count / 3 + (colour == "red") + round_
        row: dict[str, Any] = {"width": width, "count": count, "colour": colour, "round": round_}
        missing = ("width", "colour", "round", None)[index % 4] if index % 5 == 0 else None
        if missing:
            row[missing] = None
        grade = "low" if score < 1 else "mid" if score < 3 else "high"
        rows.append({**row, "kind": score > 2, "grade": grade, "level": int(score > 2), "size": round(score, 3)})
    return pa.Table.from_pylist(rows)


TABLE: Final = make_table()
FEATURES: Final = [name for name in TABLE.column_names if name not in TARGETS]


def rows_body(table: pa.Table) -> dict[str, Any]:
    return {"rows": table.to_pylist()}


def lists_body(table: pa.Table) -> dict[str, Any]:
    return {"rows": [list(row.values()) for row in table.to_pylist()]}


def columns_body(table: pa.Table) -> dict[str, Any]:
    return {"columns": table.to_pydict()}


def csv_body(table: pa.Table) -> bytes:
    sink = io.StringIO()
    writer = csv.writer(sink)
    writer.writerow(table.column_names)
    for row in table.to_pylist():
        writer.writerow([str(value).lower() if isinstance(value, bool) else value for value in row.values()])
    return sink.getvalue().encode()


def bom_body(table: pa.Table) -> bytes:
    return b"\xef\xbb\xbf" + csv_body(table)


def parquet_body(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def dictionary_body(table: pa.Table) -> bytes:
    index = table.column_names.index("colour")
    return parquet_body(table.set_column(index, "colour", table.column("colour").dictionary_encode()))


def stream_body(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    return bytes(memoryview(sink.getvalue()))


def file_body(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_file(sink, table.schema) as writer:
        writer.write_table(table, max_chunksize=50)
    return bytes(memoryview(sink.getvalue()))


#: Every format of a training table: what writes it, its media type.
TABLES: Final[dict[str, tuple[Any, str]]] = {
    "JSON rows": (rows_body, "application/json"),
    "JSON columns": (columns_body, "application/json; charset=utf-8"),
    "CSV": (csv_body, "text/csv"),
    "CSV with a BOM": (bom_body, "text/csv; charset=UTF-8; header=present"),
    "Parquet": (parquet_body, Media.PARQUET.value),
    "Parquet with a dictionary": (dictionary_body, "application/x-parquet"),
    "Arrow stream": (stream_body, Media.ARROW.value),
    "Arrow file": (file_body, "application/vnd.apache.arrow.file"),
}
#: Every format of rows that are asked about.
QUESTIONS: Final = {**TABLES, "JSON lists": (lists_body, "application/json")}


def data(target: str) -> pa.Table:
    """The features and one target."""
    return TABLE.select([*FEATURES, target])


def questions() -> pa.Table:
    return TABLE.select(FEATURES).slice(0, ASKED)


@pytest.fixture(scope="module")
def trained(service: Service) -> dict[str, dict[str, Any]]:
    """For each target, a model of its name, and what it answers in JSON to rows in JSON."""
    return {target: train(service, target, target) for target in TARGETS}


def train(service: Service, model: str, target: str, *, form: str = "Parquet") -> dict[str, Any]:
    """Init from one format, train; the answer to all questions."""
    write, media = TABLES[form]
    initialised = service.init(model, write(data(target)), target=target, media=media)
    assert initialised.status_code == 200, initialised.text
    answer = service.train(model, params={"num_iterations": 20, "num_leaves": 7})
    assert answer.status_code == 200, answer.text
    return {"init": initialised.json(), **service.estimate(model, rows_body(questions())).json()}


def ask(service: Service, model: str, form: str, *, accept: str) -> httpx.Response:
    """The answer to all questions, asked in one format and answered in another."""
    write, media = QUESTIONS[form]
    body = write(questions())
    given: dict[str, Any] = {"content": body} if isinstance(body, bytes) else {"json": body}
    headers = {"Content-Type": media, "Accept": accept, "Prefer": "wait=30"}
    return service.http.post(f"/v1/models/{model}/estimate", headers=headers, **given)


#: Problem and classes, in order.
PROBLEMS: Final[dict[str, tuple[str, list[Any]]]] = {
    "kind": ("binary", [False, True]),
    "grade": ("multiclass", ["high", "low", "mid"]),
    "level": ("binary", [0, 1]),
    "size": ("regression", []),
}


@pytest.mark.parametrize("target", TARGETS)
def test_init_finds_types_missing_values_and_classes(trained: dict[str, dict[str, Any]], target: str) -> None:
    found = trained[target]["init"]
    assert (found["problem"], found["classes"]) == PROBLEMS[target]
    assert [(column["name"], column["type"], column["nullable"]) for column in found["columns"]] == [
        ("width", "number", True),
        ("count", "number", False),
        ("colour", "category", True),
        ("round", "boolean", True),
    ]
    assert found["columns"][2]["categories"] == ["blau, hell", "green", "grün", "red", 'so "called"']
    assert found["rows"] == COUNT


@pytest.mark.parametrize("form", [form for form in TABLES if form != "Parquet"])
@pytest.mark.parametrize("target", ["kind", "grade"])
def test_a_table_is_the_same_in_every_format(
    service: Service, trained: dict[str, dict[str, Any]], target: str, form: str
) -> None:
    """Equal fingerprints, equal schemas, equal models."""
    usual = trained[target]
    found = train(service, f"{target}_again", target, form=form)
    assert found["init"] == {**usual["init"], "model": f"{target}_again"}
    assert found["probabilities"] == usual["probabilities"]


@pytest.mark.parametrize("form", QUESTIONS)
@pytest.mark.parametrize("target", TARGETS)
def test_answers_are_equal_however_asked_and_answered(
    service: Service, trained: dict[str, dict[str, Any]], target: str, form: str
) -> None:
    usual = {name: value for name, value in trained[target].items() if name != "init"}
    document = ask(service, target, form, accept="application/json")
    assert document.status_code == 200, document.text
    assert document.headers["Content-Type"] == Media.JSON
    assert document.json() == usual

    stream = ask(service, target, form, accept=Media.ARROW.value)
    assert stream.headers["Content-Type"] == Media.ARROW
    table = pa.ipc.open_stream(stream.content).read_all()
    metadata = {b"model": target.encode(), b"version": b"1"}
    if "classes" in usual:
        metadata[b"classes"] = json.dumps(usual["classes"], separators=(",", ":")).encode()
    assert table.schema.metadata == metadata
    assert table.to_pydict() == columns_of(usual)

    text = ask(service, target, form, accept="text/html;q=0.1, text/csv")
    assert text.headers["Content-Type"].startswith(Media.CSV)
    lines = list(csv.DictReader(io.StringIO(text.text)))
    assert [read(line["prediction"], usual["predictions"][0]) for line in lines] == usual["predictions"]
    for name, values in columns_of(usual).items():
        if name != "prediction":
            assert [float(line[name]) for line in lines] == pytest.approx(values, rel=1e-12)


def columns_of(document: dict[str, Any]) -> dict[str, list[Any]]:
    """The columns of the tabular answer that says the same as a JSON one."""
    chances = zip(*document.get("probabilities", []), strict=True)
    names = [text if isinstance(text, str) else json.dumps(text) for text in document.get("classes", [])]
    return {"prediction": document["predictions"]} | {
        f"probability_{name}": list(chance) for name, chance in zip(names, chances, strict=True)
    }


def read(text: str, like: Any) -> Any:
    return {"true": True, "false": False}[text] if isinstance(like, bool) else type(like)(text)


@pytest.mark.parametrize("target", [target for target in TARGETS if PROBLEMS[target][1]])
def test_probabilities(trained: dict[str, dict[str, Any]], target: str) -> None:
    answer = trained[target]
    classes = PROBLEMS[target][1]
    assert answer["classes"] == classes
    assert len(answer["predictions"]) == ASKED
    for chances, prediction in zip(answer["probabilities"], answer["predictions"], strict=True):
        assert sum(chances) == pytest.approx(1)
        assert all(0 <= chance <= 1 for chance in chances)
        assert prediction == classes[chances.index(max(chances))]
        assert type(prediction) is type(classes[0])
    truth = TABLE.column(target).slice(0, ASKED).to_pylist()
    assert sum(a == b for a, b in zip(answer["predictions"], truth, strict=True)) > ASKED / 2


def test_a_category_that_training_did_not_know_counts_as_missing(
    service: Service, trained: dict[str, dict[str, Any]]
) -> None:
    row = {"width": 0.5, "count": 3, "colour": None, "round": True}
    answer = service.estimate("grade", {"rows": [row, {**row, "colour": "ultraviolet"}]}).json()
    assert answer["probabilities"][0] == answer["probabilities"][1]
    as_table = ask_table(service, pa.Table.from_pylist([{**row, "colour": "ultraviolet"}]))
    assert as_table == answer["probabilities"][:1]


def ask_table(service: Service, table: pa.Table) -> Any:
    return service.estimate("grade", stream_body(table), media=Media.ARROW.value).json()["probabilities"]


def test_columns_may_come_in_any_order(service: Service, trained: dict[str, dict[str, Any]]) -> None:
    usual = trained["grade"]["probabilities"]
    turned = questions().select(FEATURES[::-1])
    assert ask_table(service, turned) == usual
    assert service.estimate("grade", rows_body(turned)).json()["probabilities"] == usual
    assert service.estimate("grade", columns_body(turned)).json()["probabilities"] == usual
    assert service.estimate("grade", csv_body(turned), media="text/csv").json()["probabilities"] == usual


def test_narrow_and_large_arrow_types_are_the_same_numbers(
    service: Service, trained: dict[str, dict[str, Any]]
) -> None:
    narrow = questions().cast(
        pa.schema(
            [("width", pa.float64()), ("count", pa.uint8()), ("colour", pa.large_string()), ("round", pa.bool_())]
        )
    )
    assert ask_table(service, narrow) == trained["grade"]["probabilities"]


def test_a_csv_for_a_spreadsheet_has_no_formulas(service: Service) -> None:
    rows = [{"a": a, "y": "=1+1" if a % 2 else "plain"} for a in range(200)]
    assert service.init("formulas", {"rows": rows}, target="y").status_code == 200
    assert service.train("formulas", params={"min_data_in_leaf": 1}).status_code == 200
    asked = {"rows": [{"a": a} for a in range(20)]}

    def predictions(**params: str) -> list[str]:
        headers = {"Prefer": "wait=30", "Accept": Media.CSV.value}
        answer = service.http.post("/v1/models/formulas/estimate", json=asked, headers=headers, params=params)
        assert answer.status_code == 200, answer.text
        return [row["prediction"] for row in csv.DictReader(io.StringIO(answer.text))]

    plain, safe = predictions(), predictions(spreadsheet="safe")
    assert set(plain) == {"=1+1", "plain"}
    assert safe == [value.replace("=", "'=", 1) for value in plain]
    assert service.estimate("formulas", asked, spreadsheet="safe").json()["predictions"] == plain
    wrong = service.http.post("/v1/models/formulas/estimate?spreadsheet=yes", json=asked)
    refused(wrong, 422, "spreadsheet must be safe", "'yes'", pointer="?spreadsheet")


def test_a_column_of_json_is_learned_asked_and_appended(service: Service) -> None:
    model, waiting = "/v1/models/nested", {"Prefer": "wait=60"}
    documents = [{"kind": ["calm", "wild"][n % 2], "n": n} for n in range(80)]
    rows = [{"doc": doc, "x": n, "y": 10.0 * (n % 2) + 0.1 * n} for n, doc in enumerate(documents)]
    query = {"target": "y", "options": json.dumps({"columns": {"doc": {"type": "text", "format": "json"}}})}
    plain = service.http.post(f"{model}/init", json={"rows": rows}, params={"target": "y"}, headers=waiting)
    assert (plain.status_code, '"format": "json"' in plain.json()["detail"]) == (422, True)
    made = service.http.post(f"{model}/init", json={"rows": rows}, params=query, headers=waiting)
    assert made.status_code == 200, made.text
    more = {"rows": [{"doc": [n], "x": n, "y": 1.0} for n in range(3)]}
    added = service.http.post(f"{model}/init", json=more, params={"append": "true"}, headers=waiting)
    assert (added.status_code, added.json().get("rows")) == (200, 83), added.text
    service.http.post(f"{model}/train", headers=waiting).raise_for_status()
    asked = {"rows": [{"doc": {"kind": kind, "n": 7}, "x": 40} for kind in ("calm", "wild")]}
    said = service.http.post(f"{model}/estimate", json=asked, headers=waiting).raise_for_status().json()
    calm, wild = said["predictions"]
    assert wild - calm > 3
