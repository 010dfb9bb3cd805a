"""Errors over HTTP: the table, the body, the headers."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator

import falcon
import falcon.asgi
import pytest
import redis
from falcon.testing import Result, TestClient

from gateway.web.errors import TABLE, URN, install, problem, problem_from_wire, status_and_title
from tasks.contract import PROBLEM
from tasks.errors import (
    Cancelled,
    EstimatorFailed,
    Expired,
    InvalidField,
    InvalidRows,
    NoFeatures,
    NotReady,
    ServiceError,
    Unauthenticated,
    Unavailable,
    UnknownTask,
)
from tasks.ledger.outcomes import Failure, failure, read_failure


def tree(cls: type[ServiceError] = ServiceError) -> Iterator[type[ServiceError]]:
    yield cls
    for child in cls.__subclasses__():
        if child.__module__ == "tasks.errors":
            yield from tree(child)


@pytest.mark.parametrize("cls", list(tree()))
def test_every_error_has_a_row(cls: type[ServiceError]) -> None:
    status, title = TABLE[cls]
    assert 400 <= status < 600
    assert title


def test_titles_and_types_are_unique() -> None:
    assert len({title for _, title in TABLE.values()}) == len(TABLE) == len(list(tree()))


def test_a_class_without_a_row_is_as_its_parent() -> None:
    class Fresh(NotReady):
        pass

    assert status_and_title(Fresh) == TABLE[NotReady]


def test_problem_names_the_field() -> None:
    body = json.loads(problem(InvalidRows("row 3 has text").at("/rows/3/0"), instance="/v1/models/m/estimate"))
    assert body == {
        "type": URN + "invalid-rows",
        "title": "The rows do not fit the model",
        "status": 422,
        "detail": "row 3 has text",
        "instance": "/v1/models/m/estimate",
        "pointer": "/rows/3/0",
    }


def test_problem_of_a_finished_task() -> None:
    status, body = problem_from_wire(Failure("InvalidRows", "row 3 has text", "/rows/3/0"))
    assert (status, json.loads(body)["pointer"]) == (422, "/rows/3/0")
    assert problem_from_wire(Failure("Cancelled", "cancelled"))[0] == TABLE[Cancelled][0] == TABLE[Expired][0] == 410
    status, body = problem_from_wire(Failure("OSError", "gone"))
    assert (status, json.loads(body)["type"]) == (500, URN + "work-failed")
    assert "pointer" not in json.loads(body)


def test_what_was_found_in_a_table_goes_with_the_problem() -> None:
    found = [{"code": "constant", "severity": "warning", "message": "column 'k' is 5 in every row", "column": "k"}]
    outcome = failure(NoFeatures("no column is left").having(found))
    status, body = problem_from_wire(read_failure(outcome.body))
    assert (status, json.loads(body)["type"]) == (422, URN + "no-features")
    assert json.loads(body)["findings"] == found
    assert b"findings" not in failure(InvalidRows("row 3 has text")).body


class Raising:
    """A resource that raises what it is given."""

    def __init__(self, error: Exception) -> None:
        self._error = error

    async def on_get(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.text = "half an answer"
        raise self._error


def answer(error: Exception, *, method: str = "GET", path: str = "/here") -> Result:
    app = falcon.asgi.App()
    install(app)
    app.add_route("/here", Raising(error))
    result = TestClient(app).simulate_request(method, path)
    assert isinstance(result, Result)
    assert result.headers["content-type"] == PROBLEM
    assert result.json["status"] == result.status_code
    return result


def test_service_errors_are_answered_from_the_table() -> None:
    result = answer(UnknownTask("there is no task 'x'"))
    assert result.status_code == 404
    assert result.json["type"] == URN + "unknown-task"
    assert result.json["instance"] == "/here"
    assert answer(InvalidField("lane must be high").at("?lane")).json["pointer"] == "?lane"


def test_unavailable_says_when_to_come_back() -> None:
    assert int(answer(Unavailable("the queue is full")).headers["retry-after"]) > 0


def test_every_401_has_a_challenge() -> None:
    assert answer(Unauthenticated("who?")).headers["www-authenticate"].startswith("Bearer ")


@pytest.mark.parametrize(
    "error",
    [
        redis.exceptions.ConnectionError("Error 111 connecting to secret-host"),
        redis.exceptions.TimeoutError("secret-host"),
        redis.exceptions.BusyLoadingError("loading from secret-host"),
        redis.exceptions.OutOfMemoryError("command not allowed on secret-host"),
        redis.exceptions.ResponseError("MISCONF secret-host cannot write to disk"),
    ],
)
def test_redis_out_of_reach_is_503(error: Exception) -> None:
    result = answer(error)
    assert result.status_code == 503
    assert int(result.headers["retry-after"]) > 0
    assert "secret" not in result.text


@pytest.mark.parametrize(
    "error", [ValueError("secret"), redis.exceptions.ResponseError("WRONGTYPE secret"), KeyError("secret")]
)
def test_anything_else_is_500_without_details_and_logged(error: Exception, caplog: pytest.LogCaptureFixture) -> None:
    result = answer(error)
    assert result.status_code == 500
    assert "secret" not in result.text
    assert [record.exc_info[1] for record in caplog.records if record.exc_info] == [error]


def test_failures_of_the_service_are_logged(caplog: pytest.LogCaptureFixture) -> None:
    assert answer(EstimatorFailed("the estimator raised ValueError: no")).status_code == 500
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_unknown_route() -> None:
    result = answer(ValueError(), path="/n\u00f6where")
    assert result.status_code == 404
    assert result.json["type"] == URN + "route-not-found"
    assert result.json["instance"] == "/n%C3%B6where"


def test_unknown_method_lists_the_known() -> None:
    result = answer(ValueError(), method="POST")
    assert result.status_code == 405
    assert "GET" in result.headers["allow"]
    assert "GET" in result.json["detail"]


def test_errors_of_falcon_keep_their_words() -> None:
    result = answer(falcon.HTTPInvalidParam("must be a number", "limit"))
    assert result.status_code == 400
    assert "limit" in result.json["detail"]
