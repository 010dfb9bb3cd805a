"""Large JSON bodies of numbers, which are predicted while they are read: they hear what small ones hear."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pytest

from tasks.client import Client
from tasks.errors import InvalidRows
from tests.problems import refused
from tests.service import Service

pytestmark = pytest.mark.integration

MODEL: Final = "large-numbers"
ROWS: Final = 30_000
WIDTH: Final = 3
NAMES: Final = [f"f{place}" for place in range(WIDTH)]


def drawn(count: int, seed: int = 1, most: float = 0.9) -> list[list[Any]]:
    """Rows of numbers up to `most`; in the last column values are missing."""
    rows: list[list[Any]] = np.random.default_rng(seed).uniform(-most, most, (count, WIDTH)).round(6).tolist()
    for row in rows[::50]:
        row[-1] = None
    return rows


@pytest.fixture(scope="module", autouse=True)
def trained(service: Service) -> None:
    rows = drawn(500, most=1.0)
    named = [{**dict(zip(NAMES, row, strict=True)), "y": row[0] + row[1] ** 2} for row in rows]
    service.init(MODEL, {"rows": named}, target="y").raise_for_status()
    service.train(MODEL, params={"num_iterations": 60}).raise_for_status()


def asked(service: Service, rows: Any) -> dict[str, Any]:
    found: dict[str, Any] = service.estimate(MODEL, {"rows": rows}).raise_for_status().json()
    return found


def test_each_row_has_the_answer_that_it_has_alone(service: Service) -> None:
    rows = drawn(ROWS)
    found = asked(service, rows)
    assert "notes" not in found
    assert len(found["predictions"]) == ROWS
    for at in (0, 12_345, ROWS - 20):
        few = asked(service, rows[at : at + 20])["predictions"]
        np.testing.assert_allclose(found["predictions"][at : at + 20], few, rtol=1e-12)


def test_what_training_did_not_know_is_noted(service: Service) -> None:
    rows = drawn(ROWS)
    rows[7][0], rows[20_000][0], rows[29_999][1] = 5.0, -3.0, 2.0
    notes = {note["column"]: note for note in asked(service, rows)["notes"]}
    assert {column: (note["code"], note["count"], note["rows"]) for column, note in notes.items()} == {
        "f0": ("beyond_training", 2, [7, 20_000]),
        "f1": ("beyond_training", 1, [29_999]),
    }


@pytest.mark.parametrize(
    ("value", "words"),
    [("red", "red"), ([1], "f1"), (1e300, "f1"), ({"a": 1}, "f1")],
    ids=["text", "list", "out of range", "object"],
)
def test_a_fault_near_the_end_is_named(service: Service, value: Any, words: str) -> None:
    rows: list[Any] = drawn(ROWS)
    rows[29_000][1] = value
    small: list[Any] = [*rows[:10], rows[29_000]]
    expected, found = (service.estimate(MODEL, {"rows": some}) for some in (small, rows))
    assert found.status_code == expected.status_code == 422
    said = found.json()
    assert words in json.dumps(said)
    assert said["detail"].replace("29000", "10").replace("29,000", "10") == expected.json()["detail"]


def test_a_row_that_is_too_short_is_named(service: Service) -> None:
    rows = drawn(ROWS)
    rows[25_000] = rows[25_000][:2]
    refused(service.estimate(MODEL, {"rows": rows}), 422, "row 25000 has 2 values", pointer="/rows/25000")


def test_several_at_a_time_are_answered_each(service: Service) -> None:
    bodies = [drawn(3000, seed=seed) for seed in range(6)]
    bodies[3][2000] = ["no number"]
    client = Client(service.redis_url, owner="tests")
    handles = [client.estimate(MODEL, rows=rows) for rows in bodies]
    for place, (handle, rows) in enumerate(zip(handles, bodies, strict=True)):
        if place == 3:
            with pytest.raises(InvalidRows, match="row 2000"):
                handle.result(timeout=30)
        else:
            alone = asked(service, rows[-5:])["predictions"]
            np.testing.assert_allclose(handle.result(timeout=30)["predictions"][-5:], alone, rtol=1e-12)
