"""Estimates by other protocols, as their clients send them: the Open Inference Protocol, and MLflow's."""

from __future__ import annotations

import gzip
import json
import struct
import zlib
from typing import Any, Final

import httpx
import pytest

from tests.service import Service

MODEL: Final = "tensors"
ROWS: Final = [{"a": a + 0.5, "b": b, "y": a + b + 0.25} for a in range(10) for b in range(10)]
INFER: Final = f"/v2/models/{MODEL}/infer"
INVOKE: Final = f"/v1/models/{MODEL}/invocations"
BINARY: Final = {
    "inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP32", "parameters": {"binary_data_size": 8}}],
    "parameters": {"binary_data_output": True},
}
PLAIN: Final = {"inputs": [{"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1.5, 2]}]}
HEADER: Final = "Inference-Header-Content-Length"
#: What one client sends with everything.
AIO: Final = {"Accept-Encoding": "gzip, deflate, br", "Content-Type": "application/octet-stream"}


@pytest.fixture(scope="module")
def expected(service: Service) -> float:
    """What the model says of the row."""
    assert service.init(MODEL, {"rows": ROWS}, target="y").status_code == 200
    assert service.train(MODEL, params={"num_iterations": 5}).status_code == 200
    return float(service.estimate(MODEL, {"rows": [[1.5, 2]]}).json()["predictions"][0])


def post(service: Service, path: str, body: bytes, **headers: str) -> httpx.Response:
    """Post it with these headers and no others that mean anything."""
    sent = {"Authorization": service.http.headers["Authorization"], "Accept-Encoding": "", **headers}
    request = httpx.Request("POST", service.url + path, content=body, headers=sent)
    with httpx.Client(timeout=70) as http:
        return http.send(request)


def infer(service: Service, document: Any, path: str = INFER, **headers: str) -> httpx.Response:
    return post(service, path, json.dumps(document).encode(), **headers)


def said(answer: httpx.Response, status: int) -> str:
    """What a client shows of an error."""
    assert answer.status_code == status, answer.text
    assert "Content-Encoding" not in answer.headers
    return str(answer.json()["error"])


def test_the_default_request_of_a_client(service: Service, expected: float) -> None:
    # All but the first are taken as the first one was.
    for _ in range(3):
        body = json.dumps(BINARY).encode()
        answer = post(service, INFER, body + struct.pack("<ff", 1.5, 2), **{HEADER: str(len(body))})
        assert answer.status_code == 200, answer.text
        size = int(answer.headers[HEADER])
        output = json.loads(answer.content[:size])["outputs"][0]
        assert (output["datatype"], output["shape"], output["parameters"]) == ("FP64", [1], {"binary_data_size": 8})
        assert struct.unpack("<d", answer.content[size:])[0] == expected
        for document in (PLAIN, {**PLAIN, "id": "7"}):
            answer = infer(service, document, INFER, **AIO)
            assert (answer.status_code, answer.json()["outputs"][0]["data"]) == (200, [expected])
            assert HEADER not in answer.headers


def test_headers_of_earlier_requests_mean_nothing(service: Service, expected: float) -> None:
    stale = {HEADER: "999", "Content-Encoding": "gzip"}
    for path in (f"/v2/models/{MODEL}", f"/v2/models/{MODEL}/ready", "/v2/health/ready", "/v2"):
        assert service.http.get(path, headers=stale).status_code == 200
    for _ in range(2):
        assert infer(service, PLAIN, INFER, **stale).json()["outputs"][0]["data"] == [expected]
    assert post(service, "/v2/repository/index", b"", **stale).status_code == 200


def test_compression_is_both_ways_and_only_as_asked(service: Service, expected: float) -> None:
    body = json.dumps(BINARY).encode()
    whole = body + struct.pack("<ff", 1.5, 2)
    for coding, pack in (("gzip", gzip.compress), ("deflate", zlib.compress)):
        asked = {"Content-Encoding": coding, "Accept-Encoding": coding, HEADER: str(len(body))}
        for _ in range(2):
            answer = post(service, INFER, pack(whole), **asked)
            assert answer.headers["Content-Encoding"] == coding
            # httpx has unpacked it.
            assert struct.unpack("<d", answer.content[int(answer.headers[HEADER]) :])[0] == expected
        assert "has no model" not in said(post(service, INFER, pack(b"{}"), **asked), 400)
    many = {"inputs": [{"name": "x", "shape": [500, 2], "datatype": "FP64", "data": [1.5, 2] * 500}]}
    assert "Content-Encoding" not in infer(service, many, INFER, **AIO).headers
    large = {"inputs": [{"name": "x", "shape": [9000, 2], "datatype": "FP64", "data": [1.5, 2] * 9000}]}
    answer = infer(service, large, INFER, **AIO)
    assert (answer.status_code, len(answer.json()["outputs"][0]["data"])) == (200, 9000)
    assert "Content-Encoding" not in answer.headers


def test_errors_are_as_clients_show_them(service: Service, expected: float) -> None:
    assert "no output 'none'" in said(infer(service, {**PLAIN, "outputs": [{"name": "none"}]}), 400)
    assert "has 1 values" in said(infer(service, {"inputs": [{**PLAIN["inputs"][0], "data": [1]}]}), 400)
    assert "not initialised" in said(infer(service, PLAIN, "/v2/models/nope/infer"), 404)
    assert "no version" in said(infer(service, PLAIN, f"/v2/models/{MODEL}/versions/9/infer"), 404)
    assert "unknown query parameter" in said(infer(service, PLAIN, f"{INFER}?rows=1"), 400)
    assert "coding 'br'" in said(infer(service, PLAIN, INFER, **{"Content-Encoding": "br"}), 415)
    assert said(httpx.get(f"{service.url}/v2/models/{MODEL}"), 401)
    assert "no route" in said(service.http.get(f"/v2/models/{MODEL}/stats"), 404)
    # What NGINX says.
    assert "larger than" in said(post(service, "/v2/repository/index", bytes(20_000)), 413)
    assert said(post(service, INFER, bytes(200_000), Authorization=""), 401)


def test_what_there_is(service: Service, expected: float) -> None:
    http = service.http
    assert http.get("/v2").json()["extensions"] == ["binary_tensor_data"]
    assert [http.get(f"/v2/health/{what}").json() for what in ("live", "ready")] == [{"live": True}, {"ready": True}]
    found = http.get(f"/v2/models/{MODEL}").json()
    assert found["inputs"] == [{"name": name, "datatype": "FP64", "shape": [-1]} for name in "ab"]
    assert http.get(f"/v2/models/{MODEL}/versions/1").json() == found
    statuses = [http.get(f"/v2/models/{path}/ready").status_code for path in (MODEL, f"{MODEL}/versions/2", "nope")]
    assert statuses == [200, 404, 404]
    models = {model["name"]: model for model in post(service, "/v2/repository/index", b"").json()}
    assert models[MODEL] == {"name": MODEL, "version": "1", "state": "READY", "reason": ""}


def test_invocations_in_each_form(service: Service, expected: float) -> None:
    http, bodies = (
        service.http,
        (
            {"dataframe_split": {"columns": ["b", "a"], "data": [[2, 1.5]]}},
            {"dataframe_records": [{"a": 1.5, "b": 2}]},
            {"instances": [[1.5, 2]]},
            {"inputs": {"a": [1.5], "b": [2]}},
        ),
    )
    for body in (*bodies, *bodies):
        assert http.post(INVOKE, json=body).json()["predictions"] == [expected]
    answer = http.post(INVOKE, content=b"a,b\n1.5,2\n", headers={"Content-Type": "text/csv"})
    assert answer.json()["predictions"] == [expected]
    wrong = http.post(INVOKE, json={"instances": [["much", 2]]})
    assert (wrong.status_code, wrong.json()["error_code"]) == (400, "BAD_REQUEST")
    assert "where a number belongs" in wrong.json()["message"]
    nobody = httpx.post(service.url + INVOKE, content=bytes(200_000))
    assert (nobody.status_code, nobody.json()["error_code"]) == (401, "UNAUTHENTICATED")
