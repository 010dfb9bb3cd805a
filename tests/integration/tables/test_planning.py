"""What is made of tables that real tools write, through HTTP: left out, kept, looked at, guarded."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from tests.problems import refused
from tests.service import Service

pytestmark = pytest.mark.integration

TABLES: Final = Path(__file__).parents[2] / "data" / "tables"
CSV: Final = "text/csv"
PARQUET: Final = "application/vnd.apache.parquet"
ROWS: Final = b"k,x,y\n" + b"".join(b"5,%d,%d\n" % (row % 7, row * row) for row in range(40))
QUERY: Final = {"target": "y"}


def post(service: Service, model: str, body: bytes, *, media: str | None = CSV, **query: str) -> httpx.Response:
    headers = {"Prefer": "wait=60", **({"Content-Type": media} if media else {})}
    return service.http.post(f"/v1/models/{model}/init", params=query, content=body, headers=headers)


def learned(service: Service, name: str, *, train: bool = True, **query: str) -> tuple[str, dict[str, Any]]:
    """(model, result of the init) of a case."""
    model = name.partition(".")[0]
    media = CSV if name.endswith(".csv") else PARQUET
    body = (TABLES / name).read_bytes()
    found = post(service, model, body, media=media, **QUERY, **query).raise_for_status().json()
    if train:
        service.train(model).raise_for_status()
    return model, found


def codes(found: dict[str, Any]) -> Counter[tuple[str, str | None]]:
    return Counter((finding["code"], finding.get("column")) for finding in found["plan"].get("findings", []))


def roles(found: dict[str, Any]) -> dict[str, str]:
    return {column["name"]: column["role"] for column in found["plan"]["columns"]}


def test_an_index_is_left_out_and_estimates_may_have_it(service: Service) -> None:
    model, found = learned(service, "09-pandas-default-index.csv")
    assert roles(found) == {"": "ignore", "x": "feature", "y": "target"}
    assert codes(found)["row_number", ""] == 1
    without = service.estimate(model, {"rows": [{"x": 3}]}).raise_for_status().json()["predictions"]
    assert len(without) == 1


def test_an_index_after_filtering_is_left_out(service: Service) -> None:
    _, found = learned(service, "10-pandas-after-filtering.parquet", train=False)
    assert roles(found)["__index_level_0__"] == "ignore"
    assert codes(found)["row_number", "__index_level_0__"] == 1


def test_empty_columns_are_left_out(service: Service) -> None:
    _, found = learned(service, "20-empty-column.csv")
    assert roles(found) == {"x": "feature", "note": "ignore", "y": "target"}
    assert codes(found)["no_value", "note"] == 1
    _, found = learned(service, "21-excel-trailing-commas.csv")
    assert [column["name"] for column in found["columns"]] == ["x"]
    assert found["rows"] == 20
    assert any(finding["severity"] != "error" for finding in found["plan"]["findings"])


def test_a_constant_is_left_out(service: Service) -> None:
    _, found = learned(service, "28-constant.csv", train=False)
    assert roles(found) == {"k": "ignore", "x": "feature", "y": "target"}
    assert codes(found)["constant", "k"] == 1
    assert any("'k' is 5 in every row" in warning for warning in found["warnings"])


def test_identifiers_are_a_key(service: Service) -> None:
    _, found = learned(service, "31-duckdb-uuid.parquet")
    assert roles(found) == {"x": "feature", "k": "key", "y": "target"}
    assert codes(found)["unique_text", "k"] == 1


def test_whole_numbers_that_may_be_classes_are_said(service: Service) -> None:
    for name in ("19-classes-int.csv", "19-classes-float.csv"):
        _, found = learned(service, name, train=False)
        assert (found["problem"], found["classes"]) == ("multiclass", [0, 1, 2])
        (said,) = (finding for finding in found["plan"]["findings"] if finding["code"] == "problem_guessed")
        assert "options.problem" in said["remedy"]
    _, found = learned(service, "19-classes-int.csv", train=False, options='{"problem": "regression"}')
    assert (found["problem"], codes(found)["problem_guessed", "y"]) == ("regression", 0)


def test_rows_without_a_target_are_left_out(service: Service) -> None:
    _, found = learned(service, "missing-target.csv")
    assert found["rows"] == 57
    (said,) = (finding for finding in found["plan"]["findings"] if finding["code"] == "missing_target")
    assert said["count"] == 3
    lines = (TABLES / "missing-target.csv").read_text().splitlines()
    assert [lines[line - 1].endswith(",") for line in said["lines"]] == [True] * 3


def test_few_rows_are_followed(service: Service) -> None:
    model, _ = learned(service, "few-rows.csv")
    rows = [[x + 0.5] for x in range(2, 27)]
    predictions = service.estimate(model, {"rows": rows}).raise_for_status().json()["predictions"]
    truth = [2 * row[0] for row in rows]
    mean = sum(truth) / len(truth)
    residual = sum((p - t) ** 2 for p, t in zip(predictions, truth, strict=True))
    assert 1 - residual / sum((t - mean) ** 2 for t in truth) > 0.9


def test_six_feeds_have_six_answers(service: Service) -> None:
    model, found = learned(service, "six-feeds.csv")
    assert found["problem"] == "regression"
    predictions = service.estimate(model, {"rows": [[feed] for feed in "abcdef"]}).raise_for_status().json()
    assert len(set(predictions["predictions"])) == 6


def test_repeated_rows_are_split_by_kind(service: Service) -> None:
    model, found = learned(service, "repeats.csv")
    assert abs(found["holdout_rows"] - 80) <= 2
    answer = service.estimate(model, {"rows": [{"sex": "m", "class": 1}]}).raise_for_status().json()
    chance = answer["probabilities"][0][answer["classes"].index("lived")]
    assert abs(chance - 0.30) < 0.1


def test_what_is_refused_is_refused_at_once(service: Service) -> None:
    body = b"k,e,y\n" + b"5,,1\n" * 9
    problem = refused(post(service, "refused", body, **QUERY), 422, "9 rows", "no column")
    assert problem["type"] == "urn:mlservice:error:invalid-table"
    found = {finding["code"]: finding["severity"] for finding in problem["findings"]}
    assert {code for code, severity in found.items() if severity == "error"} == {"few_rows", "no_features"}
    assert found["constant"] == "warning"
    nothing = refused(post(service, "refused", b"k,e,y\n" + b"5,,1\n5,,2\n" * 9, **QUERY), 422, "no column")
    assert nothing["type"] == "urn:mlservice:error:no-features"
    handle = service.http.post("/v1/models/refused/init", params=QUERY, content=body, headers={"Content-Type": CSV})
    told = service.http.get(f"/v1/tasks/{handle.json()['id']}/result", headers={"Prefer": "wait=60"})
    assert told.json()["findings"] == problem["findings"]


def test_columns_are_what_the_caller_says(service: Service) -> None:
    said = {"columns": {"k": "number", "x": "category"}}
    found = post(service, "said", ROWS, options=json.dumps(said), **QUERY).raise_for_status().json()
    assert {column["name"]: column["type"] for column in found["columns"]} == {"k": "number", "x": "category"}
    assert [column["name"] for column in found["plan"]["columns"] if column.get("given")] == ["k", "x"]
    wrong = {"columns": {"k": "nummer", "xx": "key"}, "colums": 1}
    answer = post(service, "said", ROWS, options=json.dumps(wrong), **QUERY)
    refused(answer, 422, "'nummer'", "did you mean 'number'", pointer="/options/columns/k")
    answer = post(service, "said", ROWS, options=json.dumps({"colums": {}, "holdot": 1}), **QUERY)
    refused(answer, 422, "'colums'", "'columns'", "'holdot'", "'holdout'", pointer="/options/colums")


def test_a_dry_run_stores_nothing_and_needs_no_second_sending(service: Service) -> None:
    seen = post(service, "looked", ROWS, dry_run="true").raise_for_status().json()
    assert (seen["target"], seen["problem"], seen["rows"]) == (None, None, 40)
    assert roles(seen) == {"k": "ignore", "x": "feature", "y": "feature"}
    assert seen["sample"][:2] == [{"k": 5, "x": 0, "y": 0}, {"k": 5, "x": 1, "y": 1}]
    assert len(seen["sample"]) == 20
    assert service.http.get("/v1/models/looked").status_code == 404
    aimed = post(service, "looked", b"", media=None, upload=seen["upload"], dry_run="true", **QUERY)
    assert (aimed.raise_for_status().json()["problem"], roles(aimed.json())["y"]) == ("regression", "target")
    assert service.http.get("/v1/models/looked").status_code == 404
    found = post(service, "looked", b"", media=None, upload=seen["upload"], **QUERY).raise_for_status().json()
    assert found["rows"] == 40
    assert found["fingerprint"] == post(service, "sent", ROWS, **QUERY).raise_for_status().json()["fingerprint"]
    shown = service.http.get("/v1/models/looked").raise_for_status().json()
    assert shown["plan"] == found["plan"]


def test_what_a_dry_run_finds_wrong_is_a_finding(service: Service) -> None:
    seen = post(service, "looked-wrong", ROWS[:50], dry_run="true", target="z").raise_for_status().json()
    errors = {finding["code"] for finding in seen["plan"]["findings"] if finding["severity"] == "error"}
    assert errors == {"unknown_target", "few_rows"}


@pytest.mark.parametrize(
    ("options", "pointer"),
    [
        ({"split": "time"}, "/options/split"),
        ({"metric": "auc"}, "/options/metric"),
        ({"holdout": 2}, "/options/holdout"),
    ],
)
def test_a_dry_run_refuses_what_an_init_would(service: Service, options: dict[str, Any], pointer: str) -> None:
    said = [
        post(service, "looked-further", ROWS, options=json.dumps(options), **QUERY, **more)
        for more in ({"dry_run": "true"}, {})
    ]
    assert [answer.status_code for answer in said] == [422, 422]
    assert {answer.json()["pointer"] for answer in said} == {pointer}
    assert len({answer.json()["detail"] for answer in said}) == 1
    # Without a target it is not known yet what they are for.
    post(service, "looked-further", ROWS, options=json.dumps(options), dry_run="true").raise_for_status()


def test_uploads_that_cannot_be_used(service: Service) -> None:
    upload = post(service, "uploads", ROWS, dry_run="true").raise_for_status().json()["upload"]
    refused(post(service, "uploads", b"", media=None, upload="0" * 32, **QUERY), 404, "no upload", pointer="?upload")
    refused(post(service, "uploads", b"", media=None, upload="../../x", **QUERY), 404, "no upload", pointer="?upload")
    refused(post(service, "uploads", ROWS, upload=upload, **QUERY), 422, "leave the body empty", pointer="?upload")
    refused(post(service, "uploads", ROWS, dry_run="perhaps"), 422, "dry_run must be true or false", pointer="?dry_run")
    for number in range(4):
        post(service, "uploads", ROWS + b"5,1,%d\n" % number, dry_run="true").raise_for_status()
    # An owner has four of them.
    refused(post(service, "uploads", b"", media=None, upload=upload, **QUERY), 404, "no upload", pointer="?upload")


def test_a_model_in_use_is_guarded(service: Service) -> None:
    post(service, "used", ROWS, **QUERY).raise_for_status()
    other = ROWS.replace(b"k,x,y", b"k,z,y")
    # Without a version nobody uses it.
    post(service, "used", other, **QUERY).raise_for_status()
    post(service, "used", ROWS, **QUERY).raise_for_status()
    service.train("used", params={"num_iterations": 3}).raise_for_status()
    post(service, "used", ROWS + b"5,1,1\n", **QUERY).raise_for_status()
    before = service.http.get("/v1/models/used").json()
    refused(post(service, "used", other, **QUERY), 409, "'x'", "'z'", "replace=true", pointer="?replace")
    refused(post(service, "used", ROWS, target="x"), 409, "the target is 'x', not 'y'", pointer="?replace")
    # A look says so, also without a target.
    for body, query, said in (
        (other, QUERY, True),
        (other, {}, True),
        (ROWS, QUERY, False),
        (ROWS, {}, False),
        (other, {"replace": "true", **QUERY}, False),
    ):
        found = codes(post(service, "used", body, dry_run="true", **query).json())
        assert (("model_in_use", None) in found) is said
    assert service.http.get("/v1/models/used").json() == before
    post(service, "used", other, replace="true", **QUERY).raise_for_status()
