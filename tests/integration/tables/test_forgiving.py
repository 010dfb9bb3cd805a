"""Estimates that forgive what is safe to forgive, through HTTP, Celery, the client and the routes of the original."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any, Final

import httpx
import pyarrow as pa
import pytest
from pyarrow import csv

from tasks.client import Client
from tasks.config.settings import Settings
from tasks.contract import Media
from tests.elsewhere import run_elsewhere
from tests.integration.test_celery import CALLS
from tests.problems import refused
from tests.servers import eventually
from tests.service import Service

pytestmark = pytest.mark.integration

MODEL: Final = "forgiving"
TRAINED: Final = [
    {
        "id": f"A{index:03}",
        "x": index % 20 + 0.5,
        "colour": ("red", "green", "blue")[index % 3],
        "y": "leaves" if index % 20 > 9 else "stays",
    }
    for index in range(120)
]
ROW: Final = {"x": 3.5, "colour": "red"}


@pytest.fixture(scope="module", autouse=True)
def trained(service: Service) -> dict[str, Any]:
    """The answer to a row that has nothing wrong."""
    options = json.dumps({"columns": {"id": "key"}})
    service.init(MODEL, {"rows": TRAINED}, target="y", options=options).raise_for_status()
    service.train(MODEL, params={"num_iterations": 10}).raise_for_status()
    answer: dict[str, Any] = service.estimate(MODEL, {"rows": [ROW]}).raise_for_status().json()
    assert "notes" not in answer
    assert "kept" not in answer
    return answer


def asked(service: Service, rows: list[dict[str, Any]], **params: Any) -> dict[str, Any]:
    found: dict[str, Any] = service.estimate(MODEL, {"rows": rows}, **params).raise_for_status().json()
    return found


def tabular(
    service: Service, accept: Media, body: Any, media: str = "application/json", **params: Any
) -> httpx.Response:
    headers = {"Content-Type": media, "Accept": accept.value, "Prefer": "wait=30"}
    content = body if isinstance(body, bytes) else json.dumps(body)
    answer = service.http.post(f"/v1/models/{MODEL}/estimate", content=content, headers=headers, params=params)
    return answer.raise_for_status()


def test_what_was_done_is_noted(service: Service, trained: dict[str, Any]) -> None:
    found = asked(service, [{**ROW, "more": 1, "y": "stays"}, {"colour": "pink"}])
    assert found["probabilities"][0] == trained["probabilities"][0]
    notes = {note["code"]: note for note in found["notes"]}
    assert set(notes) == {"unknown_column", "target_given", "filled", "unseen_category"}
    assert (notes["unknown_column"]["column"], notes["target_given"]["column"]) == ("more", "y")
    assert (notes["filled"]["column"], notes["filled"]["count"], notes["filled"]["rows"]) == ("x", 1, [1])
    assert "median of training" in notes["filled"]["done"]
    assert "'pink'" in notes["unseen_category"]["message"]


@pytest.mark.parametrize(
    ("row", "params", "words"),
    [
        ({**ROW, "more": 1}, {"unknown": "refuse"}, "row 0: unknown columns: 'more'"),
        ({**ROW, "y": "stays"}, {"unknown": "refuse"}, "row 0: column 'y' is the target"),
        ({"colour": "red"}, {"missing": "refuse"}, "row 0: missing columns: 'x'"),
        ({"more": 1}, {}, "none of the columns that the model learned from is there: 'x', 'colour'"),
    ],
)
def test_what_is_refused(service: Service, row: dict[str, Any], params: dict[str, str], words: str) -> None:
    answer = service.estimate(MODEL, {"rows": [row]}, **params)
    refused(answer, 422, words, pointer="/rows" if not params else "/rows/0")


@pytest.mark.parametrize(
    ("name", "value"), [("unknown", "no"), ("missing", "nan"), ("keep", ""), ("keep", "other"), ("keep", '"a')]
)
def test_parameters_that_are_none(service: Service, name: str, value: str) -> None:
    answer = service.estimate(MODEL, {"rows": [ROW]}, **{name: value})
    refused(answer, 422, name, pointer=f"?{name}")


def test_keys_and_kept_columns_come_back_in_every_format(service: Service, trained: dict[str, Any]) -> None:
    rows = [{"id": "007", **ROW, "day": 5}]
    found = asked(service, rows, keep="day,x")
    assert found["kept"] == {"id": ["007"], "day": [5], "x": [3.5]}
    assert list(found) == ["model", "version", "kept", "predictions", "probabilities", "classes"]
    assert found["probabilities"] == trained["probabilities"]

    names = ["id", "day", "x", "prediction", "probability_leaves", "probability_stays"]
    lines = tabular(service, Media.CSV, b"id,x,colour,day\n007,3.5,red,5\n", "text/csv", keep="day,x").text.splitlines()
    assert lines[0] == ",".join(f'"{name}"' for name in names)
    assert lines[1].startswith('"007",5,3.5,"')
    table = pa.ipc.open_stream(tabular(service, Media.ARROW, {"rows": rows}, keep="day,x").content).read_all()
    assert table.column_names == names
    assert table.column("id").to_pylist() == ["007"]
    assert table.column("probability_leaves").to_pylist() == [trained["probabilities"][0][0]]


def test_a_table_of_results_tells_its_notes(service: Service) -> None:
    body = b"x,colour,more\n3.5,red,1\n\n99,red,1\n"
    answer = tabular(service, Media.CSV, body, "text/csv")
    assert json.loads(answer.headers["Notes"]) == [
        {"code": "unknown_column", "column": "more"},
        {"code": "beyond_training", "column": "x", "count": 1, "rows": [1], "lines": [4]},
    ]
    again = service.http.get(f"{answer.headers['Location']}/result")
    assert again.headers["Notes"] == answer.headers["Notes"]
    stream = tabular(service, Media.ARROW, body, "text/csv")
    notes = json.loads(pa.ipc.open_stream(stream.content).schema.metadata[b"notes"])
    assert [note["code"] for note in notes] == ["unknown_column", "beyond_training"]
    assert "go from 0.5 to 19.5" in notes[1]["message"]
    assert "Notes" not in tabular(service, Media.CSV, {"rows": [ROW]}).headers


def test_a_value_of_a_csv_is_named_by_its_line(service: Service) -> None:
    answer = service.estimate(MODEL, b'x,colour\n1,"a\nb"\n\nlots,red\n', media="text/csv")
    assert refused(answer, 422, "line 5, column 'x'", "'lots'")["detail"].startswith("line 5")


def test_values_are_counted_for_each_model(service: Service) -> None:
    before = counted(service)
    asked(service, [{"x": 99, "colour": "pink"}, {"x": None, "colour": "pink"}])
    wanted = {"filled": 1, "unseen_category": 2, "beyond_training": 1}

    def grown() -> bool:
        return {note: number - before.get(note, 0) for note, number in counted(service).items()} == wanted

    eventually(grown, seconds=20, what="the counters")


def counted(service: Service) -> dict[str, float]:
    """How many values of the model's estimates were noted, by note."""
    text = service.http.get("/metrics").raise_for_status().text
    start = f'mlservice_noted_values_total{{model="{MODEL}",note="'
    found = [line.removeprefix(start) for line in text.splitlines() if line.startswith(start)]
    return {line.split('"')[0]: float(line.split()[-1]) for line in found}


def test_direct_calls_take_the_same_names(service: Service, tmp_path: Path, trained: dict[str, Any]) -> None:
    row = {"id": "B1", **ROW, "a,b": 2}
    more = {**ROW, "more": 1}
    calls: list[tuple[dict[str, Any], str]] = [
        ({"rows": [row], "keep": ["a,b"], "spreadsheet": "safe"}, ""),
        ({"rows": [more]}, ""),
        ({"rows": [more], "unknown": "refuse"}, "unknown columns: 'more'"),
        ({"rows": [more], "unknown": "perhaps"}, "unknown must be ignore or refuse"),
        ({"rows": [more], "keep": 5}, "keep must be text"),
        ({"rows": [more], "spreadsheet": "no"}, "spreadsheet must be 'safe'"),
        ({"rows": [{"x": 1}], "missing": "refuse"}, "missing columns: 'colour'"),
    ]
    asked = [("tasks.estimate", {"model": MODEL, **kwargs}, {"queue": "estimate"}) for kwargs, _ in calls]
    url = Settings(redis_url=service.redis_url).broker.shown_url
    said = run_elsewhere(CALLS, {"calls": asked, "watch": False}, broker_url=url, folder=tmp_path)
    kept, noted = (one["result"] for one in said[:2])
    assert kept["kept"] == {"id": ["B1"], "a,b": [2]}
    assert kept["probabilities"] == trained["probabilities"]
    assert [note["code"] for note in noted["notes"]] == ["unknown_column"]
    for one, (_, words) in zip(said[2:], calls[2:], strict=True):
        assert words in one["message"]


def test_the_client_takes_the_same_names(service: Service) -> None:
    client = Client(service.redis_url, owner="tests")
    rows = [{"id": "C1", **ROW, "a,b": 2}]
    assert client.estimate(MODEL, rows=rows, keep=["a,b"]).result(timeout=30)["kept"] == {"id": ["C1"], "a,b": [2]}
    with pytest.raises(Exception, match="unknown columns: 'a,b'"):
        client.estimate(MODEL, rows=rows, unknown="refuse").result(timeout=30)
    with pytest.raises(Exception, match="missing columns: 'colour'"):
        client.estimate(MODEL, rows=[{"x": 1}], missing="refuse").result(timeout=30)
    stream = client.estimate(MODEL, rows=rows, accept=Media.ARROW).result(timeout=30)
    assert pa.ipc.open_stream(stream).read_all().column_names[:2] == ["id", "prediction"]


def test_an_index_that_training_left_out_may_be_there_under_any_name(service: Service) -> None:
    lines = "".join(f"{row},{row % 20},{row % 20 * 2}\n" for row in range(60))
    service.init("indexed", b",x,y\n" + lines.encode(), target="y", media="text/csv").raise_for_status()
    service.train("indexed", params={"num_iterations": 5}).raise_for_status()
    answers = [
        service.estimate("indexed", f"{head}\n".encode() + body, media="text/csv", unknown="refuse").json()
        for head, body in ((",x", b"7,3\n8,4\n"), ("Unnamed: 0,x", b"7,3\n8,4\n"), ("x,", b"3,1\n4,2\n"))
    ]
    without = service.estimate("indexed", {"rows": [[3], [4]]}).json()
    assert answers == [without] * 3
    sink = io.BytesIO()
    csv.write_csv(pa.table({"x": [3, 4]}), sink)
    assert service.estimate("indexed", sink.getvalue(), media="text/csv").json() == without
