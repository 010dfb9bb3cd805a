"""The main path over HTTP through NGINX."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from tests.service import Service


@pytest.fixture(scope="module")
def sums(service: Service) -> str:
    """A trained model of y = a + b + 0.5."""
    rows = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]
    assert service.init("sums", {"rows": rows}, target="y").status_code == 200
    assert service.train("sums").status_code == 200
    return "sums"


def test_estimate_says_which_version_answered(service: Service, sums: str) -> None:
    answer = service.estimate(sums, {"rows": [[3, 4], [10, 12]]})
    assert answer.status_code == 200, answer.text
    document = answer.json()
    assert document["version"] == service.http.get(f"/v1/models/{sums}").json()["current"]
    assert document["predictions"] == pytest.approx([7.5, 22.5], abs=1)


def test_submit_and_poll(service: Service, sums: str) -> None:
    submitted = service.http.post(f"/v1/models/{sums}/estimate", json={"columns": {"a": [1], "b": [2]}})
    assert submitted.status_code == 202
    assert submitted.headers["Retry-After"]
    location = submitted.headers["Location"]
    task = service.http.get(location, headers={"Prefer": "wait=20"}).json()
    assert task["state"] == "succeeded"
    assert task["id"] == submitted.json()["id"]
    result = service.http.get(f"{location}/result")
    assert result.json() == task["result"]


def test_a_deadline_that_passed_is_expired(service: Service, sums: str) -> None:
    answer = service.estimate(sums, {"rows": [[3, 4]]}, deadline="0.000001")
    assert answer.status_code == 410
    assert "deadline" in answer.json()["detail"]
    task = service.http.get(answer.headers["Location"]).json()
    assert (task["state"], task["result"]) == ("expired", None)
    assert service.estimate(sums, {"rows": [[3, 4]]}, deadline="60").status_code == 200


@pytest.mark.parametrize("deadline", ["0", "-1", "soon", "nan", "1e9"])
def test_a_deadline_is_a_positive_number(service: Service, sums: str, deadline: str) -> None:
    answer = service.estimate(sums, {"rows": [[3, 4]]}, deadline=deadline)
    assert answer.status_code == 422
    assert answer.json()["pointer"] == "?deadline"


def test_a_large_table_goes_through_in_arrow_and_back(service: Service, sums: str) -> None:
    rows = 100_000
    table = pa.table({"a": np.arange(rows) % 20 * 1.0, "b": np.arange(rows) % 19 * 1.0})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    media = "application/vnd.apache.arrow.stream"
    headers = {"Content-Type": media, "Accept": media, "Prefer": "wait=60"}
    body = sink.getvalue().to_pybytes()
    answer = service.http.post(f"/v1/models/{sums}/estimate", content=body, headers=headers)
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == media
    found = pa.ipc.open_stream(answer.content).read_all()
    assert found.schema.metadata[b"model"] == sums.encode()
    predictions = found["prediction"].to_numpy()
    alone = service.estimate(sums, {"rows": [[7, 7]]}).json()["predictions"][0]
    assert len(predictions) == rows
    assert predictions[7] == pytest.approx(alone, abs=1e-9)
    task = service.http.get(answer.headers["Location"]).json()
    assert task["state"] == "succeeded"
    assert not list((service.home.blobs / "uploads").iterdir())
