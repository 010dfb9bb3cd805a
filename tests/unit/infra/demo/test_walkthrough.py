"""The demonstration's parts that need no service."""

from __future__ import annotations

import argparse
import gzip
import io
import json
import shlex
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
from rich.console import Console

from infra.demo import curl, data, walkthrough
from infra.demo.http_api import HttpApi, result_of
from infra.demo.score import score
from infra.demo.view import View
from tasks.errors import InvalidField, InvalidTable, InvalidTarget, Unavailable, WorkFailed

TABLE = pa.table({"x": list(range(200)), "y": [2.0 * i for i in range(200)]})


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A CSV of 200 rows."""
    path = tmp_path / "the table [1].csv"
    pyarrow.csv.write_csv(TABLE, path)
    return path


def test_one_row_in_ten_is_held_back_spread_over_the_table() -> None:
    learned, held = data.hold_back(TABLE)
    assert (learned.num_rows, held.num_rows) == (180, 20)
    assert held["x"].to_pylist()[::19] == [0, 199]
    assert not set(held["x"].to_pylist()) & set(learned["x"].to_pylist())


@pytest.mark.parametrize(("rows", "held"), [(20, 10), (99, 10), (1000, 100), (100_000, 1000)])
def test_how_many_rows_are_held_back(rows: int, held: int) -> None:
    assert data.hold_back(pa.table({"x": pa.array(range(rows))}))[1].num_rows == held


def test_a_missing_value_that_no_learned_row_has_is_learned() -> None:
    values = [None, *range(1, 199), None]
    table = TABLE.append_column("z", pa.array(values, pa.float64()))
    learned, held = data.hold_back(table)
    assert learned["z"].null_count == 2
    assert held["z"].null_count == 0
    assert held.num_rows == 18


def test_rows_are_as_json_knows_them_and_without_the_target(tmp_path: Path) -> None:
    path = tmp_path / "t.parquet"
    columns = {
        "text": pa.array(["007"] * 30).dictionary_encode(),
        "number": pa.array([float("nan")] * 30),
        "y": pa.array([True, False] * 15),
    }
    pyarrow.parquet.write_table(pa.table(columns), path)
    case = data.from_file(path, "y")
    assert case.rows(1) == [{"text": "007", "number": None}]
    assert case.truth[0] is True


def test_shipped_tables_have_a_class_and_a_number_to_learn() -> None:
    cancer, diabetes = data.shipped()
    assert set(cancer.truth) == {"malignant", "benign"}
    assert diabetes.body.startswith(b'"age","sex"')
    assert cancer.learned.num_rows + cancer.held.num_rows == 569


def test_what_a_file_is_its_bytes_tell(tmp_path: Path) -> None:
    path = tmp_path / "table"
    path.write_bytes(gzip.compress("".join(f"{x};{2 * x}\n" for x in ["x", *range(40)]).replace("xx", "y").encode()))
    assert data.from_file(path, "y").learned.column_names == ["x", "y"]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("missing.csv", None, "no such file"),
        ("table.xlsx", b"x", "cannot be read: the CSV is a single line"),
        ("broken.parquet", b"PAR1", "cannot be read"),
        ("latin.csv", "a,y\n1,\xe9\n".encode("latin-1"), "not UTF-8"),
        ("short.csv", b"a,y\n1,2\n", "at least 20 are needed"),
        ("twice.csv", b"a,a,y\n1,2,3\n", "more than once"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(tmp_path: Path, name: str, content: bytes | None, message: str) -> None:
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InvalidTable, match=message) as caught:
        data.from_file(path, "y")
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_column_that_is_not_there_is_named_with_those_that_are(file: Path) -> None:
    with pytest.raises(InvalidTarget, match=r"no column 'price'.*the columns are x, y"):
        data.from_file(file, "price")
    with pytest.raises(InvalidTarget, match="--target is missing; the columns are x, y"):
        data.from_file(file, None)


def test_a_target_needs_a_file() -> None:
    with pytest.raises(InvalidField, match="--data"):
        walkthrough.run(argparse.Namespace(data=None, target="y"))


@pytest.mark.parametrize(
    ("stem", "name"), [("my table.v2", "my-table-v2"), ("été", "t"), ("数据", "data"), ("x" * 99, "x" * 63)]
)
def test_model_names(stem: str, name: str) -> None:
    assert data.model_name(Path(f"{stem}.csv")) == name


def test_regression_is_judged_beside_the_mean_of_what_was_learned() -> None:
    good = score({"predictions": [1.0, 3.0]}, truth=[1.0, 4.0], learned=[0, 4])
    assert (good.measure, good.guessed, good.better) == ("RMSE", 2.0, True)
    assert good.model == pytest.approx(0.5**0.5)
    assert not score({"predictions": [2.0, 2.0]}, truth=[1.0, 4.0], learned=[0, 4]).better


@pytest.mark.parametrize(
    ("predictions", "probabilities", "better"),
    [
        (["a", "b"], [[0.9, 0.1], [0.1, 0.9]], True),
        (["b", "a"], [[0.1, 0.9], [0.9, 0.1]], False),
        # As many hits as the guess has: what counts is how sure the model is where it is right.
        (["a", "a"], [[0.9, 0.1], [0.6, 0.4]], True),
        (["a", "a"], [[0.6, 0.4], [0.9, 0.1]], False),
    ],
)
def test_classes_are_judged_beside_the_most_frequent_one(
    predictions: list[str], probabilities: list[list[float]], better: bool
) -> None:
    answer = {"predictions": predictions, "probabilities": probabilities, "classes": ["a", "b"]}
    found = score(answer, truth=["a", "b"], learned=["a", "a", "b"])
    assert (found.guessed, found.guess, found.better) == ("a", 0.5, better)


def test_the_view_shows_texts_as_they_are_and_no_control_codes_in_a_file() -> None:
    file = io.StringIO()
    view = View(Console(file=file, markup=False, highlight=False, emoji=False))
    with view.waiting("wait"), view.progress() as show:
        show({"iteration": 3, "total": 10, "metrics": {"holdout": {"rmse": 0.123456}}, "seconds": 0.2})
    view.trained({"version": 1, "seconds": 0.2, "metrics": {"rmse": 2}, "importance": {"[red]a :cat:": 3.0, "b": 0.0}})
    view.predictions({"predictions": [1.5] * 30}, [1.0] * 30)
    view.script("copy", ["x" * 300])
    text = file.getvalue()
    assert "\x1b" not in text
    for expected in ("3/3", "rmse 0.12346", "[red]a :cat:", "100.0%", "0.5", "\n" + "x" * 300 + "\n"):
        assert expected in text


def test_few_rows_get_small_leaves() -> None:
    assert "min_data_in_leaf" not in walkthrough.params(1000)
    assert walkthrough.params(100)["min_data_in_leaf"] == 5
    assert walkthrough.params(10)["min_data_in_leaf"] == 2


def test_curl_lines_quote_what_the_user_gave(file: Path) -> None:
    case = data.from_file(file, "y")
    lines = curl.of_case(case, url="http://h:1", password=Path("a home/secret"))
    init = next(line for line in lines if "/init?" in line)
    assert f"@{file}" in shlex.split(init)
    assert any("'a home/secret'" in line for line in lines)
    estimate = shlex.split(next(line for line in lines if line.endswith('/estimate"; echo')))
    assert json.loads(estimate[estimate.index("-d") + 1]) == {"rows": [{"x": 0}]}


class Refusing(BaseHTTPRequestHandler):
    """Refuses everything."""

    def do_GET(self) -> None:
        """404, as a problem."""
        body = b'{"detail": "there is no task 7"}'
        self.send_response(404)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Nothing."""


@pytest.fixture
def refusing() -> Iterator[str]:
    """The URL of a server that refuses everything."""
    with HTTPServer(("127.0.0.1", 0), Refusing) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_a_refusal_is_raised_with_its_detail(refusing: str) -> None:
    with HttpApi(refusing) as api, pytest.raises(WorkFailed, match="404: there is no task 7"):
        api.task("7")


def test_a_service_that_is_gone_is_unavailable() -> None:
    with HttpApi("http://127.0.0.1:9") as api, pytest.raises(Unavailable, match="does not answer"):
        api.task("7")


def test_a_failed_task_is_raised_with_its_detail() -> None:
    task = {"kind": "init", "model": "m", "state": "failed", "error": {"detail": "no rows"}, "result": None}
    with pytest.raises(WorkFailed, match="init of m failed: no rows"):
        result_of(task)
