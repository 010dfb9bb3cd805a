"""Dates and text through HTTP: the same columns and the same predictions from every format."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from tests.service import Service
from tests.unit.tasks.estimators.features.test_texts import WORDS

pytestmark = pytest.mark.integration

TABLES = Path(__file__).parents[2] / "data" / "tables"
JSON, CSV, PARQUET = "application/json", "text/csv", "application/vnd.apache.parquet"


def as_csv(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    csv.write_csv(table, sink)
    return sink.getvalue()


def as_parquet(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    parquet.write_table(table, sink)
    return sink.getvalue()


def trained(service: Service, model: str, body: Any, media: str = JSON) -> dict[str, Any]:
    """The result of init, of a model that is trained then."""
    found: dict[str, Any] = service.init(model, body, target="y", media=media).raise_for_status().json()
    service.train(model).raise_for_status()
    return found


def predicted(service: Service, model: str, body: Any, media: str = JSON) -> list[float]:
    found: list[float] = service.estimate(model, body, media=media).raise_for_status().json()["predictions"]
    return found


def test_dates_are_dates_in_every_format(service: Service) -> None:
    text = (TABLES / "03-date.csv").read_bytes()
    document = json.loads((TABLES / "03-date.json").read_bytes())
    table = csv.read_csv(io.BytesIO(text))
    bodies = {"csv": (text, CSV), "json": (document, JSON), "parquet": (as_parquet(table), PARQUET)}
    rows = table.drop_columns(["y"])
    asked = [
        ({"rows": [{k: v for k, v in row.items() if k != "y"} for row in document["rows"]]}, JSON),
        (as_csv(rows), CSV),
        (as_parquet(rows), PARQUET),
    ]
    answers = []
    for name, (body, media) in bodies.items():
        found = trained(service, f"dates-{name}", body, media)
        assert [column["type"] for column in found["columns"]] == ["date", "number"]
        answers += [predicted(service, f"dates-{name}", *rows) for rows in asked]
    assert all(answer == answers[0] for answer in answers)
    assert len(set(answers[0])) > 1


def test_what_is_no_date_is_told(service: Service) -> None:
    trained(service, "dates-told", (TABLES / "03-date.csv").read_bytes(), CSV)
    for row, said in (({"day": "2026-02-30", "x": 1}, "2026-02-30"), (["soon", 1], "soon")):
        refused = service.estimate("dates-told", {"rows": [{"day": "2026-01-01", "x": 1}, row]})
        assert refused.status_code == 422
        assert refused.json()["detail"] == f"row 1, column 'day': is {said!r} where a date belongs"


def test_new_texts_have_different_answers(service: Service) -> None:
    rng = np.random.default_rng(3)
    texts = [" ".join(rng.choice(WORDS, 7)) for _ in range(300)]
    score = [1.25 * ("great" in text) - 1.25 * ("awful" in text) for text in texts]
    found = trained(service, "texts", {"columns": {"said": texts, "y": score}})
    assert [column["type"] for column in found["columns"]] == ["text"]
    asked = {"rows": [["a great book that nobody knew"], ["an awful book that nobody knew"], ["007"]]}
    good, bad, plain = predicted(service, "texts", asked)
    assert good > 0.7 > 0.3 > plain > -0.3 > -0.7 > bad
    lines = b"said\na great book that nobody knew\nan awful book that nobody knew\n007\n"
    assert predicted(service, "texts", lines, CSV) == [good, bad, plain]
    parts = service.estimate("texts", asked, explain=True).raise_for_status().json()["contributions"]
    assert parts["columns"] == ["said"]
    assert [base + value for base, (value,) in zip(parts["base"], parts["values"], strict=True)] == pytest.approx(
        [good, bad, plain]
    )
