"""The examples work as their READMEs say, from nothing to an estimate through NGINX."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from tests import sessions
from tests.integration.conftest import SHARED
from tests.service import Service

EXAMPLES = Path(__file__).parents[2] / "examples"


@pytest.fixture
def folder(service: Service, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """One from which commands find the running service."""
    monkeypatch.setenv("PATH", f"{Path(sys.executable).parent}:/usr/bin:/bin")
    (tmp_path / ".mlservice").symlink_to(service.home.root)
    return tmp_path


def test_a_formula_without_data(service: Service, folder: Path) -> None:
    readme = EXAMPLES / "formula" / "README.md"
    assert len(readme.read_text().splitlines()) < 30
    (started,) = sessions.steps(readme, "service")
    # The shared service was started like this, beside what others ask of it.
    assert "MLSERVICE_ESTIMATORS=loan=loan:Loan\n" in started.script
    assert "loan=loan:Loan" in SHARED["MLSERVICE_ESTIMATORS"]
    (written,) = sessions.run(sessions.steps(readme, "use"), url=service.url, folder=folder, seconds=60)
    answers = [json.loads(part) for part in written.replace("}{", "}\n{").splitlines()]
    made, trained, said = answers
    assert (made["rows"], made["target"], made["warnings"]) == (0, "payment", [])
    assert [column["name"] for column in made["columns"]] == ["amount", "months"]
    assert trained["params_used"] == {"yearly_percent": 6.0, "fee": 0.0}
    assert (trained["metrics"], trained["promoted"]) == ({}, True)
    assert [finding["code"] for finding in trained["findings"]] == ["not_measured"]
    # The annuity of 10,000 over 12 months at 0.5 % a month, by a table of such.
    assert said["predictions"] == [pytest.approx(860.66, abs=0.005)]
    assert f'"predictions":[{said["predictions"][0]:.2f}' in readme.read_text()


def test_versions_of_a_formula_are_as_those_of_any_model(service: Service) -> None:
    model = "/v1/models/loans"
    waiting = {"Prefer": "wait=30"}
    missing = service.http.post(f"{model}/init", params={"target": "y"}, headers=waiting)
    assert missing.status_code == 400
    assert "the body is empty" in missing.json()["detail"]
    assert service.http.post(f"{model}/init", params={"estimator": "loan"}, headers=waiting).status_code == 200
    refused = service.http.post(f"{model}/train", json={"params": {"yearly_percents": 3}}, headers=waiting)
    assert refused.status_code == 422
    assert "did you mean 'yearly_percent'" in refused.json()["detail"]
    assert refused.json()["pointer"] == "/params/yearly_percents"
    for percent, promote in ((3, "always"), (9, "if_better")):
        body = {"params": {"yearly_percent": percent}, "promote": promote}
        trained = service.http.post(f"{model}/train", json=body, headers=waiting).raise_for_status().json()
    assert not trained["promoted"]
    assert "no rows on which the new version could be compared" in trained["promotion"]["because"]
    report = service.http.get(f"{model}/versions/2/report")
    assert report.status_code == 200, report.text
    rows = {"rows": [{"amount": 1200, "months": 12}]}
    payments = [
        service.http.post(f"{model}/estimate", json=rows, params=query, headers=waiting).json()["predictions"][0]
        for query in ({}, {"version": "2"})
    ]
    assert payments == [pytest.approx(101.63, abs=0.01), pytest.approx(104.94, abs=0.01)]
    # Trained on rows, it is measured on them.
    table = [{"amount": 100.0 * n, "months": 12, "payment": 8.4690 * n} for n in range(1, 60)]
    query = {"estimator": "loan", "target": "payment"}
    made = service.http.post(f"{model}/init", json={"rows": table}, params=query, headers=waiting)
    assert made.status_code == 200, made.text
    trained = service.http.post(f"{model}/train", json={"params": {"yearly_percent": 3}}, headers=waiting).json()
    assert trained["metrics"]["rmse"] < 0.1


def test_its_params_are_there_for_forms(service: Service) -> None:
    offers = {one["name"]: one for one in service.http.get("/v1/estimators").raise_for_status().json()["estimators"]}
    assert {"lightgbm", "loan", "slow"} <= offers.keys()
    loan = offers["loan"]
    assert (loan["error"], loan["needs_rows"], loan["columns"]) == ("", False, {"amount": "number", "months": "number"})
    assert loan["params_schema"]["properties"]["yearly_percent"] == {
        "type": "number", "minimum": 0, "maximum": 100, "default": 4.0,
        "description": "the interest of a year, in per cent",
    }  # fmt: skip
    assert offers["slow"]["params_schema"] is None
    common = offers["lightgbm"]["params_schema"]
    assert common["additionalProperties"] is True
    assert common["properties"]["num_iterations"]["default"] == 200
    service.http.post("/v1/models/form/init", params={"estimator": "loan"}, headers={"Prefer": "wait=30"})
    assert service.http.get("/v1/models/form").json()["params_schema"] == loan["params_schema"]
