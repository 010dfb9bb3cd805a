"""Bad input over HTTP through NGINX: a clear error, nothing changed, and the workers go on."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final

import httpx
import pytest

from tasks.contract import Media
from tests.integration.bad_bodies import ESTIMATES, GOOD, INITS, MALFORMED, ROWS, TABLES, TRAINS
from tests.problems import refused
from tests.service import JSON, Service

MODEL: Final = "guarded"
#: An estimate that forgives nothing which it may refuse.
STRICT: Final = {"unknown": "refuse", "missing": "refuse"}
#: Said when a name is refused.
NAME_RULE: Final = "1 to 63 ASCII letters, digits, '-' and '_'"


@pytest.fixture(scope="module")
def prediction(service: Service) -> float:
    """What a freshly trained model answers to the good rows."""
    assert service.init(MODEL, {"rows": ROWS}, target="y").status_code == 200
    assert service.train(MODEL, params={"num_iterations": 10}).status_code == 200
    return float(service.estimate(MODEL, GOOD).json()["predictions"][0])


@pytest.fixture(scope="module", autouse=True)
def no_trace(service: Service) -> Iterator[None]:
    """No process logs a traceback or loses a worker."""
    before = {path: path.stat().st_size for path in service.home.logs.iterdir()}
    yield
    for path in service.home.logs.iterdir():
        written = path.read_bytes()[before.get(path, 0) :]
        assert b"Traceback" not in written, path.name
        assert b"WorkerLostError" not in written, path.name


@pytest.fixture(autouse=True)
def nothing_changes(service: Service, prediction: float) -> Iterator[None]:
    """The models are as before the test, and a good estimate right after it has the answer that it had."""
    before = memory(service)
    yield
    assert memory(service) == before
    answer = service.estimate(MODEL, GOOD)
    assert answer.status_code == 200, answer.text
    assert answer.json() == {"model": MODEL, "version": 1, "predictions": [prediction]}


def memory(service: Service) -> list[Any]:
    """What the service knows: its models, and all of ours: snapshot, fingerprint, versions, current."""
    return [service.http.get(path).json() for path in ("/v1/models", f"/v1/models/{MODEL}")]


@pytest.mark.parametrize("kind", ["init", "estimate"])
@pytest.mark.parametrize(("media", "body", "words"), MALFORMED.values(), ids=MALFORMED.keys())
def test_malformed_bodies(service: Service, kind: str, media: Media, body: bytes, words: list[str]) -> None:
    if kind == "init":
        answer = service.init(MODEL, body, target="y", media=media)
    else:
        answer = service.estimate(MODEL, body, media=media)
    problem = refused(answer, 400, *words)
    assert problem["type"] == "urn:mlservice:error:malformed-body"


@pytest.mark.parametrize(("body", "words", "pointer"), ESTIMATES.values(), ids=ESTIMATES.keys())
def test_rows_that_do_not_fit(service: Service, body: Any, words: list[str], pointer: str | None) -> None:
    refused(service.estimate(MODEL, body, **STRICT), 422, *words, pointer=pointer)


@pytest.mark.parametrize(("media", "body", "words", "pointer"), TABLES.values(), ids=TABLES.keys())
def test_tables_that_do_not_fit(
    service: Service, media: Media, body: bytes, words: list[str], pointer: str | None
) -> None:
    refused(service.estimate(MODEL, body, media=media, **STRICT), 422, *words, pointer=pointer)


@pytest.mark.parametrize(("target", "body", "words", "pointer"), INITS.values(), ids=INITS.keys())
def test_tables_that_cannot_be_learned(
    service: Service, target: str, body: Any, words: list[str], pointer: str | None
) -> None:
    refused(service.init(MODEL, body, target=target), 422, *words, pointer=pointer)


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ({"estimator": "oracle"}, ["'oracle'", "'lightgbm'"]),
        ({"options": "[1"}, ["options must be a JSON object"]),
        ({"speed": "1"}, ["'speed'", "known are", "target"]),
        ({"lane": "fast"}, ["'fast'", "high, normal, low"]),
    ],
)
def test_query_parameters_of_init(service: Service, query: dict[str, str], words: list[str]) -> None:
    headers = {"Prefer": "wait=20"}
    params = {"target": "y", **query}
    answer = service.http.post(f"/v1/models/{MODEL}/init", params=params, json={"rows": ROWS}, headers=headers)
    refused(answer, 422, *words, pointer=f"?{next(iter(query))}")


@pytest.mark.parametrize("name", ["problem", "holdout", "magic"])
def test_options_of_init(service: Service, name: str) -> None:
    query = {"target": "y", "options": json.dumps({name: "x"})}
    answer = service.http.post(
        f"/v1/models/{MODEL}/init", params=query, json={"rows": ROWS}, headers={"Prefer": "wait=20"}
    )
    refused(answer, 422, name, pointer=f"/options/{name}")


@pytest.mark.parametrize(("body", "words", "pointer"), TRAINS.values(), ids=TRAINS.keys())
def test_trains(service: Service, body: Any, words: list[str], pointer: str | None) -> None:
    refused(train(service, body), 422, *words, pointer=pointer)


@pytest.mark.parametrize(
    ("body", "words"), [(b"fast", ["not valid JSON"]), (b'{"params": {"learning_rate": NaN}}', ["NaN (byte 29)"])]
)
def test_trains_that_are_not_json(service: Service, body: bytes, words: list[str]) -> None:
    refused(train(service, body), 400, *words)


def train(service: Service, body: Any) -> httpx.Response:
    content = body if isinstance(body, bytes) else json.dumps(body)
    headers = {"Content-Type": JSON, "Prefer": "wait=20"}
    return service.http.post(f"/v1/models/{MODEL}/train", content=content, headers=headers)


@pytest.mark.parametrize("kind", ["init", "train", "estimate"])
@pytest.mark.parametrize(
    "path",
    ["a%20b", "%2e%2e", "a.b", "-a", "x" * 300, "x" * 64, "モデル", "модель", "modèle", "a%0A", "a%5Cb", "a;b", "%2A"],
)
def test_model_names(service: Service, kind: str, path: str) -> None:
    answer = service.http.post(f"/v1/models/{path}/{kind}", params={"target": "y"} if kind == "init" else {}, json={})
    refused(answer, 422, "the model name", NAME_RULE, pointer="?model")


@pytest.mark.parametrize("path", ["a/b", "a%2Fb", "..", "..%2F..", "%2e%2e%2fa"])
def test_model_names_with_a_slash_are_no_route(service: Service, path: str) -> None:
    refused(service.http.post(f"/v1/models/{path}/estimate", json={}), 404, "there is no route")


@pytest.mark.parametrize("path", ["a%20b", "%2e%2e", "x" * 300, "モデル", "nothing"])
def test_models_that_are_not_there(service: Service, path: str) -> None:
    refused(service.http.get(f"/v1/models/{path}"), 404, "there is no model")


@pytest.mark.parametrize(
    "media",
    [
        *("", "application/xml", "text/plain", "image/png", "application/x-www-form-urlencoded"),
        *("text/csv; charset=latin-1", "multipart/form-data; boundary=x", Media.PARQUET.value, "x" * 2000),
    ],
)
def test_a_content_type_that_is_wrong_does_no_harm(service: Service, media: str, prediction: float) -> None:
    headers = {"Content-Type": media, "Prefer": "wait=20"}
    answer = service.http.post(f"/v1/models/{MODEL}/estimate", content=json.dumps(GOOD), headers=headers)
    assert answer.json()["predictions"] == [prediction], answer.text


def test_an_encoding_that_is_not_known(service: Service) -> None:
    headers = {"Content-Type": "text/csv; charset=punycode", "Prefer": "wait=20"}
    answer = service.http.post(f"/v1/models/{MODEL}/estimate", content=b"a,b,c\n1,2,x\n", headers=headers)
    refused(answer, 422, "'punycode'", "save as UTF-8")


def test_train_reads_json_only(service: Service) -> None:
    headers = {"Content-Type": "text/csv"}
    answer = service.http.post(f"/v1/models/{MODEL}/train", content=b"a,b\n1,2\n", headers=headers)
    refused(answer, 415, "send Content-Type: application/json")


def test_train_and_estimate_before_init(service: Service) -> None:
    for answer in (service.train("unborn"), service.estimate("unborn", GOOD)):
        refused(answer, 424, "unborn is not initialised", "submit an init")
    refused(service.estimate(MODEL, GOOD, version="99"), 404, "no version 99", pointer="?version")
    refused(service.estimate(MODEL, GOOD, version="two"), 404, "no version or alias 'two'", pointer="?version")
    refused(service.estimate(MODEL, GOOD, version="-2"), 422, "'-2'", "whole number or an alias", pointer="?version")


def test_promote_of_a_version_that_is_not_there(service: Service) -> None:
    for version in ("99", "0", "two", "-1"):
        refused(service.http.post(f"/v1/models/{MODEL}/versions/{version}/promote"), 404, "no version", version)


ZEROS: Final = "0" * 32


@pytest.mark.parametrize("suffix", ["", "/result"])
@pytest.mark.parametrize(
    "handle",
    [
        *(f"{ZEROS}{end}" for end in ("-0", "-99999", "-100000", "-0%0A", "", "-", "-0-0")),
        *("A" * 32 + "-0", "x" * 3000, "00000000-0000-0000-0000-000000000000"),
        *("1", "%2e%2e", "*", "ml:group:*", "мой"),
    ],
)
def test_made_up_tasks(service: Service, handle: str, suffix: str) -> None:
    refused(service.http.get(f"/v1/tasks/{handle}{suffix}"), 404, "there is no task")


def test_a_made_up_task_is_not_waited_for(service: Service) -> None:
    answer = service.http.get(f"/v1/tasks/{ZEROS}-0", headers={"Prefer": "wait=60"})
    refused(answer, 404, ZEROS, "no longer kept")
    assert answer.elapsed.total_seconds() < 5


def test_a_failed_task_says_why_when_it_is_polled(service: Service) -> None:
    submitted = service.http.post(f"/v1/models/{MODEL}/estimate", json={"rows": [[1, "two", "x"]]})
    assert submitted.status_code == 202
    location = submitted.headers["Location"]
    task = service.http.get(location, headers={"Prefer": "wait=20"}).json()
    assert (task["state"], task["result"]) == ("failed", None)
    assert task["error"]["pointer"] == "/rows/0/1"
    problem = refused(service.http.get(f"{location}/result"), 422, "row 0, column 'b'", pointer="/rows/0/1")
    assert problem["instance"] == location


def test_bad_rows_harm_no_other_request_of_their_group(service: Service, prediction: float) -> None:
    bodies: list[Any] = [GOOD if index % 2 else {"rows": [[1, "two", "x"]]} for index in range(40)]
    with ThreadPoolExecutor(20) as threads:
        answers = list(threads.map(lambda body: service.estimate(MODEL, body), bodies))
    for body, answer in zip(bodies, answers, strict=True):
        if body is GOOD:
            assert answer.json()["predictions"] == [prediction]
        else:
            refused(answer, 422, "row 0, column 'b'", pointer="/rows/0/1")
