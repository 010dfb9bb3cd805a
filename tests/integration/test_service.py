"""The main path over HTTP through NGINX."""

from __future__ import annotations

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
