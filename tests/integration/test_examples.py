"""The examples work as their READMEs say, from nothing to an estimate through NGINX."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tasks.config.sources_file import DataSource
from tasks.sources.asked import Asked
from tasks.sources.reading import read_source
from tasks.tables.bounds import UNBOUNDED
from tests import sessions
from tests.commands import said
from tests.integration.conftest import SHARED
from tests.postgresql import READER, PostgreSQL, binary
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


def test_versions_of_a_formula_are_as_those_of_any_model(service: Service, tmp_path: Path) -> None:
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
    query = {"interval": "0.9"}
    unsure = service.http.post(f"{model}/estimate", json=rows, params=query, headers=waiting)
    assert "it was measured on no rows" in unsure.json()["detail"]
    never = {"rows": [{"amount": 1200, "months": 12}, {"amount": 1200, "months": 0}]}
    refused = service.http.post(f"{model}/estimate", json=never, headers=waiting)
    assert (refused.status_code, refused.json()["pointer"]) == (422, "/rows/1/months")
    # Who takes it along needs neither the class nor a setting that names it: a worker makes the file.
    out = tmp_path / "terms.zip"
    said("models", "export", "loans", "--version", "2", "--out", out, home=service.home)
    with zipfile.ZipFile(out) as archive:
        assert "version.json" in archive.namelist()
    # What is made up to try a model that comes in are rows that this one refuses.
    assert "is version 1 of loans-returned" in said("import", out, "--model", "loans-returned", home=service.home)
    # Trained on rows, it is measured on them.
    table = [{"amount": 100.0 * n, "months": 12, "payment": 8.4690 * n} for n in range(1, 60)]
    query = {"estimator": "loan", "target": "payment"}
    made = service.http.post(f"{model}/init", json={"rows": table}, params=query, headers=waiting)
    assert made.status_code == 200, made.text
    trained = service.http.post(f"{model}/train", json={"params": {"yearly_percent": 3}}, headers=waiting).json()
    assert trained["metrics"]["rmse"] < 0.1


def test_its_params_are_there_for_forms(service: Service) -> None:
    offers = service.estimators("lightgbm", "loan", "slow")
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


def test_a_position_from_wifi_fingerprints(service: Service, folder: Path) -> None:
    example = EXAMPLES / "wifi-position"
    for name in ("survey.py", "locate.py", "sources.toml"):
        (folder / name).write_text((example / name).read_text())
    sources = service.home.secrets / "sources.toml"
    try:
        written = "".join(
            sessions.run(sessions.steps(example / "README.md", "use"), url=service.url, folder=folder, seconds=90)
        )
    finally:
        sources.unlink(missing_ok=True)
    found = re.search(r"rooms right: (\d+)%; off by ([\d.]+) m in the median", written)
    assert found, written
    # Of eight rooms one would be right by chance in 12 %, and the middle of the house is 7 m off.
    assert int(found[1]) >= 90
    assert float(found[2]) <= 2.0
    said = re.search(r"rooms right: (\d+)%; off by ([\d.]+) m", (example / "README.md").read_text())
    assert said
    assert int(found[1]) == pytest.approx(int(said[1]), abs=5)
    assert float(found[2]) == pytest.approx(float(said[2]), abs=0.3)


def test_the_survey_is_the_same_in_both_databases(postgresql: PostgreSQL, tmp_path: Path) -> None:
    program: list[str | Path] = [sys.executable, EXAMPLES / "wifi-position" / "survey.py"]
    subprocess.run([*program, tmp_path / "wifi.db"], check=True)
    script = subprocess.run([*program, "--sql"], check=True, capture_output=True, text=True).stdout
    postgresql.run("CREATE SCHEMA wifi", f"GRANT USAGE ON SCHEMA wifi TO {READER}")
    psql: list[str | Path] = [binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", postgresql.url()]
    subprocess.run(psql, input=f"SET search_path = wifi;\n{script}", check=True, text=True)
    postgresql.run(f"GRANT SELECT ON wifi.fingerprints TO {READER}")
    sources = {
        "a": DataSource(url=f"sqlite://{tmp_path}/wifi.db", tables=["fingerprints"]),
        "b": DataSource(url=postgresql.reader, tables=["wifi.fingerprints"]),
    }
    tables = [read_source(sources, Asked(source=name), UNBOUNDED).table.to_pylist() for name in sources]
    assert len(tables[0]) == 1200
    # A database gives the rows of a view in any order.
    assert sorted(map(repr, tables[0])) == sorted(map(repr, tables[1]))


def test_a_text_pipeline_answers_new_texts(service: Service, folder: Path) -> None:
    readme = EXAMPLES / "text" / "README.md"
    known = (readme.parent / "messages.csv").read_text()
    (folder / "messages.csv").write_text(known)
    (written,) = sessions.run(sessions.steps(readme, "use"), url=service.url, folder=folder, seconds=100)
    made, trained, said = [json.loads(part) for part in written.replace("}{", "}\n{").splitlines()]
    assert [(column["name"], column["type"]) for column in made["columns"]] == [("message", "text")]
    assert trained["metrics"]["accuracy"] > 0.8
    assert trained["params_used"]["text__ngram_range"] == [1, 2]
    assert said["predictions"] == ["delivery", "billing", "technical"]
    assert len({tuple(row) for row in said["probabilities"]}) == len(said["predictions"])
    assert json.dumps(said["predictions"], separators=(",", ":")) in readme.read_text()
    # None of these texts was learned from.
    rows = json.loads(re.search(r'\{"rows": .*?\]\}', readme.read_text(), re.DOTALL)[0])["rows"]  # type: ignore[index]
    assert not any(row["message"] in known for row in rows)
    # What cannot be is refused by name, and changes nothing.
    for params, words in (
        ({"estimator": "sklearn.svm.LinearSVM"}, "or sklearn.svm.LinearSVC?"),
        ({"estimator": "sklearn.linear_model.Ridge"}, "needs a classifier, such as sklearn.linear_model"),
        ({"text__input": "filename"}, "it would read the worker's files"),
    ):
        refused = service.http.post("/v1/models/teams/train", json={"params": params}, headers={"Prefer": "wait=60"})
        assert refused.status_code == 422, refused.text
        assert words in refused.json()["detail"]
        assert refused.json()["pointer"] == f"/params/{next(iter(params))}"
    assert service.http.get("/v1/models/teams").json()["current"] == 1


def test_a_quantile_forecast_with_a_time_split(service: Service, folder: Path) -> None:
    example = EXAMPLES / "demand"
    for name in ("demand.py", "forecast.py"):
        (folder / name).write_text((example / name).read_text())
    readme = example / "README.md"
    (written,) = sessions.run(sessions.steps(readme, "use"), url=service.url, folder=folder, seconds=100)
    made, trained, told = re.fullmatch(r"(\{.*\})(\{.*\})(2026.*)", written, re.DOTALL).groups()  # type: ignore[union-attr]
    columns = {column["name"]: column["role"] for column in json.loads(made)["plan"]["columns"]}
    assert columns["time"] == "time"
    measured = json.loads(trained)
    assert measured["measured"]["metric"] == "pinball"
    assert measured["metrics"]["pinball"] < 0.3 * measured["measured"]["baseline"]["pinball"]
    # Eight of ten hours are to be between the quantiles, wide in the evening and narrow at night.
    said = r"(\d+)% of 336 hours were between .*, which are ([\d.]+) MW apart at night and ([\d.]+) in the evening"
    found, shown = (re.search(said, " ".join(text.split())) for text in (told, readme.read_text()))
    assert found
    assert shown
    assert 70 <= int(found[1]) <= 90
    assert float(found[3]) > 1.5 * float(found[2])
    assert [float(one) for one in found.groups()] == pytest.approx([float(one) for one in shown.groups()], rel=0.1)
    for line in re.findall(r"^2026.*$", told, re.MULTILINE):
        centre, low, high = map(float, re.findall(r"[\d.]+(?= MW|,? to|;)", line.partition(": ")[2]))
        assert low <= centre <= high
