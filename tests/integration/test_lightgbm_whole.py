"""Rankings, quantiles, appended rows and a train that goes on, through the whole service."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from tests.service import Service

WAITING = {"Prefer": "wait=60"}


def rows(first: int, count: int) -> list[dict[str, Any]]:
    return [
        {"query": f"q{n // 10}", "x": n * 37 % 11, "city": "abc"[n % 3], "relevance": (n * 37 % 11) // 3}
        for n in range(first, first + count)
    ]


def test_a_ranking_grows_and_goes_on(service: Service) -> None:
    http, model = service.http, "/v1/models/whole"
    query = {"target": "relevance", "options": '{"columns": {"query": "query"}}'}
    made = http.post(f"{model}/init", json={"rows": rows(0, 300)}, params=query, headers=WAITING)
    assert made.status_code == 200, made.text
    assert made.json()["problem"] == "ranking"
    asked = {"params": {"num_iterations": 5}}
    first = http.post(f"{model}/train", json=asked, headers=WAITING).json()
    assert first["metrics"]["ndcg@10"] > 0.9
    assert first["measured"]["metric"] == "ndcg@10"
    added = http.post(f"{model}/init", json={"rows": rows(300, 50)}, params={"append": "true"}, headers=WAITING)
    assert added.status_code == 200, added.text
    assert (added.json()["rows"], added.json()["appended"]) == (350, 50)
    both = http.post(f"{model}/init", json={"rows": []}, params={"append": "true", "dry_run": "true"}, headers=WAITING)
    assert (both.status_code, both.json()["pointer"]) == (422, "?dry_run")
    second = http.post(f"{model}/train", json={**asked, "from_version": first["version"]}, headers=WAITING)
    assert second.status_code == 200, second.text
    version = http.get(f"{model}/versions/{second.json()['version']}").json()
    assert version["lineage"]["from_version"] == first["version"]
    nobody = http.post(f"{model}/train", json={**asked, "from_version": "nobody"}, headers=WAITING)
    assert (nobody.status_code, nobody.json()["pointer"]) == (404, "/from_version")
    scores = http.post(
        f"{model}/estimate", json={"rows": [{"x": 0, "city": "a"}, {"x": 10, "city": "a"}]}, headers=WAITING
    ).json()["predictions"]
    assert scores[0] < scores[1]
    report = http.get(f"{model}/versions/{first['version']}/report").text
    assert "Relevance by place" in report
    assert "Residuals" not in report
    unsure = http.post(f"{model}/estimate?interval=0.9", json={"rows": [{"x": 0, "city": "a"}]}, headers=WAITING)
    assert "interval cannot be told of a ranking" in unsure.json()["detail"]


def test_quantiles_are_told_by_name(service: Service) -> None:
    http, model = service.http, "/v1/models/levels"
    table = {"rows": [{"x": n % 17, "y": n % 17 + (n * 31 % 13) / 4} for n in range(400)]}
    http.post(f"{model}/init", json=table, params={"target": "y"}, headers=WAITING).raise_for_status()
    params = {"objective": "quantile", "alpha": [0.1, 0.9], "num_iterations": 20}
    trained = http.post(f"{model}/train", json={"params": params}, headers=WAITING)
    assert trained.status_code == 200, trained.text
    assert trained.json()["measured"]["metric"] == "pinball"
    asked = {"rows": [{"x": 3}, {"x": 12}]}
    found = http.post(f"{model}/estimate?interval=0.8", json=asked, headers=WAITING).json()
    assert found["alpha"] == [0.1, 0.9]
    assert all(low < high for low, high in found["quantiles"])
    assert len(found["intervals"]) == 2
    streamed = http.post(
        f"{model}/estimate", json=asked, headers={**WAITING, "Accept": "application/vnd.apache.arrow.stream"}
    )
    names = pa.ipc.open_stream(streamed.content).read_all().column_names
    assert names == ["prediction", "quantile_0.1", "quantile_0.9"]
