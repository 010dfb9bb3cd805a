"""What a train says of its version, and what the version says beside its predictions, through HTTP."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from tests.service import Service

pytestmark = pytest.mark.integration


def rows(count: int, seed: int = 0) -> list[dict[str, Any]]:
    """A number that depends on x, a rare class that does, a group and a time."""
    rng = np.random.default_rng(seed)
    x, noise = rng.normal(size=count), rng.normal(size=count)
    rare = rng.uniform(size=count) < 1 / (1 + np.exp(2.5 - 2 * x))
    return [
        {"x": float(a), "y": float(2 * a + b), "rare": "yes" if c else "no", "group": f"g{i % 20}", "when": i}
        for i, (a, b, c) in enumerate(zip(x, noise, rare, strict=True))
    ]


def made(
    service: Service, name: str, data: list[dict[str, Any]], columns: list[str], options: Any = None
) -> dict[str, Any]:
    """The result of a train on these columns, the first of which is the target."""
    table = {"rows": [{name: row[name] for name in columns} for row in data]}
    service.init(name, table, target=columns[0], options=json.dumps(options or {})).raise_for_status()
    result: dict[str, Any] = service.train(name, params={"num_iterations": 40}).raise_for_status().json()
    return result


def test_a_regression_has_intervals_that_hold_the_truth(service: Service) -> None:
    trained = made(service, "amount", rows(4000), ["y", "x"])
    measured = trained["measured"]
    assert (measured["by"], measured["rows"], measured["metric"]) == ("test", 800, "rmse")
    low, high = measured["intervals"]["rmse"]
    assert low < trained["metrics"]["rmse"] < high < measured["baseline"]["rmse"]
    assert trained["findings"] == []
    new = rows(1000, seed=1)
    asked = {"rows": [{"x": row["x"]} for row in new]}
    answer = service.estimate("amount", asked, interval="0.9").raise_for_status().json()
    assert answer["interval"] == 0.9
    inside = [a <= row["y"] <= b for row, (a, b) in zip(new, answer["intervals"], strict=True)]
    assert np.mean(inside) == pytest.approx(0.9, abs=0.04)
    table = service.http.post(
        "/v1/models/amount/estimate?interval=0.9", json=asked, headers={"Accept": "text/csv", "Prefer": "wait=60"}
    )
    assert table.raise_for_status().text.splitlines()[0] == '"prediction","interval_low","interval_high"'
    plain = service.estimate("amount", asked).raise_for_status().json()
    assert set(plain) - {"notes"} == {"model", "version", "predictions"}
    assert plain["predictions"] == answer["predictions"]


def test_a_threshold_is_chosen_and_applied(service: Service) -> None:
    trained = made(service, "rare", rows(3000), ["rare", "x"], options={"threshold": "max_f1", "metric": "f1"})
    assert trained["measured"]["metric"] == "f1"
    decision = service.http.get("/v1/models/rare/versions/1").raise_for_status().json()["decision"]
    assert 0 < decision["threshold"] < 0.5
    assert decision["because"].startswith("the best F1 on")
    answer = (
        service.estimate("rare", {"rows": [{"x": row["x"]} for row in rows(500, seed=3)]}, interval="0.95")
        .raise_for_status()
        .json()
    )
    for given, chances in zip(answer["predictions"], answer["probabilities"], strict=True):
        assert (given == "yes") == (chances[1] >= decision["threshold"])
    assert {tuple(one) for one in answer["sets"]} <= {("no",), ("yes",), ("no", "yes")}


def test_what_is_no_better_than_a_guess_is_said_in_the_result_and_in_the_report(service: Service) -> None:
    data = [{**row, "y": float(value)} for row, value in zip(rows(400), np.random.default_rng(9).normal(size=400),
                                                             strict=True)]  # fmt: skip
    trained = made(service, "chance", data, ["y", "x"])
    assert trained["measured"]["by"] == "cross_validation"
    assert (trained["measured"]["rows"], trained["measured"]["folds"]) == (400, 5)
    assert trained["measured"]["spread"]["rmse"] > 0
    assert {finding["code"] for finding in trained["findings"]} & {"below_baseline", "near_baseline"}
    page = service.http.get("/v1/models/chance/versions/1/report").raise_for_status().text
    assert "a guess without a model" in page


def test_if_better_says_its_rule(service: Service) -> None:
    made(service, "again", rows(2000), ["y", "x"])
    same = service.train("again", params={"num_iterations": 40}, promote="if_better").raise_for_status().json()
    assert not same["promoted"]
    assert "90 % interval of the difference on the same 400 rows" in same["promotion"]["because"]


def test_groups_and_times_rule_the_split(service: Service) -> None:
    trained = made(service, "grouped", rows(2000), ["y", "x", "group"], options={"columns": {"group": "group"}})
    assert trained["measured"]["rows"] == pytest.approx(400, abs=100)
    timed = made(service, "timed", rows(2000), ["y", "x", "when"], options={"columns": {"when": "time"}})
    assert timed["measured"]["rows"] == 400


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"metric": "rsme"}, "/options/metric"),
        ({"threshold": 0.3}, "/options/threshold"),
        ({"split": "group"}, "/options/split"),
        ({"calibrate": True}, "/options/calibrate"),
        ({"class_weight": "balanced"}, "/options/class_weight"),
    ],
)
def test_options_that_cannot_be(service: Service, options: dict[str, Any], pointer: str) -> None:
    table = {"rows": [{"x": row["x"], "y": row["y"]} for row in rows(50)]}
    answer = service.init("refused", table, target="y", options=json.dumps(options))
    assert answer.status_code == 422
    assert answer.json()["pointer"] == pointer
    if pointer.endswith("metric"):
        assert "did you mean 'rmse'?" in answer.json()["detail"]
