"""What is said over HTTP: logging in, trying again, and what answers mean."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import pytest

from tasks.calling.http_exchange import Alone, Answer, Call, Exchange, Lost, Pause
from tasks.calling.http_protocol import HttpProtocol, Login
from tasks.calling.opening import Way, open_redis
from tasks.calling.request import Request, encode
from tasks.contract import Kind
from tasks.errors import Forbidden, InvalidField, NotFound, TooManyRequests, Unauthenticated, Unavailable, UnknownModel

TOKEN = {"access_token": "fetched", "expires_in": 3600, "scope": "estimate", "token_type": "bearer"}
REQUEST = Request(kind=Kind.ESTIMATE, model="m", body=b"{}")


def answer(status: int, document: object = None, **headers: str) -> Answer:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return Answer(status=status, headers=named, content=json.dumps(document).encode())


def problem(status: int, kind: str, **headers: str) -> Answer:
    return answer(status, {"type": f"urn:mlservice:error:{kind}", "detail": "why", "pointer": "/rows"}, **headers)


ACCEPTED = answer(202, {"id": f"{'a' * 32}-0", "state": "queued"})


def carry_out(exchange: Exchange[Any], answers: Sequence[Answer | Lost]) -> tuple[Any, list[Call | Pause]]:
    """(what comes of an exchange that is given these answers, what it asked for)."""
    left, came = list(answers), None
    said: list[Call | Pause] = []
    while True:
        try:
            step = exchange.send(came)
        except StopIteration as done:
            assert not left
            return done.value, said
        if isinstance(step, Alone):
            _, more = carry_out(step.exchange(), [left.pop(0)])
            said += more
            came = None
        else:
            said.append(step)
            came = left.pop(0) if isinstance(step, Call) else None


def protocol(**login: str) -> HttpProtocol:
    return HttpProtocol("http://service/", Login(**(login or {"token": "given"})), patience_seconds=30)


def test_what_passes_is_tried_again_under_one_key() -> None:
    answers: list[Answer | Lost] = [
        Lost("refused"),
        problem(429, "too-many-requests", retry_after="3"),
        answer(502),
        ACCEPTED,
    ]
    found, said = carry_out(protocol().submit(REQUEST), answers)
    assert found == f"{'a' * 32}-0"
    calls = [step for step in said if isinstance(step, Call)]
    pauses = [step.seconds for step in said if isinstance(step, Pause)]
    assert len({call.headers["Idempotency-Key"] for call in calls}) == 1
    assert (len(calls), pauses[1]) == (4, 3.0)
    assert {call.headers["Authorization"] for call in calls} == {"Bearer given"}


@pytest.mark.parametrize(
    ("last", "error"),
    [
        (Lost("refused"), Unavailable),
        (problem(429, "too-many-requests", retry_after="60"), TooManyRequests),
        (answer(503, None, retry_after="60"), Unavailable),
        (problem(404, "unknown-model"), UnknownModel),
        (answer(404), NotFound),
        (problem(403, "forbidden"), Forbidden),
        (problem(401, "unauthenticated"), Unauthenticated),
        (answer(301, None, location="https://service/"), InvalidField),
    ],
)
def test_what_does_not_pass_is_raised(last: Answer | Lost, error: type[Exception]) -> None:
    impatient = HttpProtocol("http://service", Login(token="given"), patience_seconds=0)
    with pytest.raises(error) as caught:
        carry_out(impatient.submit(REQUEST), [last])
    assert type(caught.value) is error


def test_a_token_is_fetched_once_and_anew_when_it_has_ended() -> None:
    asked = protocol(name="ada", password="secret")
    _, said = carry_out(asked.submit(REQUEST), [answer(200, TOKEN), ACCEPTED])
    assert [step.path for step in said if isinstance(step, Call)] == ["/v1/token", "/v1/models/m/estimate"]
    _, said = carry_out(asked.submit(REQUEST), [ACCEPTED])
    assert len(said) == 1
    refused = problem(401, "unauthenticated")
    _, said = carry_out(asked.submit(REQUEST), [refused, answer(200, TOKEN), ACCEPTED])
    assert [step.path for step in said if isinstance(step, Call)][1] == "/v1/token"
    with pytest.raises(Unauthenticated):
        carry_out(asked.submit(REQUEST), [refused, answer(200, TOKEN), refused])


def test_nothing_secret_is_shown() -> None:
    call = Call(method="GET", path="/v1/models", headers={"Authorization": "Bearer secret"})
    shown = f"{call} {Login(name='ada', password='secret')} {Way(url='redis://:secret@host', token='secret')}"
    assert "secret" not in shown


def test_what_belongs_to_the_other_way_is_refused() -> None:
    with pytest.raises(InvalidField, match="token, name and password are for http"):
        open_redis(Way(url="redis://localhost", token="t"))
    for wrong in ({}, {"name": "ada"}, {"token": "t", "name": "ada", "password": "p"}):
        with pytest.raises(InvalidField):
            Login(**wrong)


def test_numbers_of_numpy_are_written_as_what_they_are() -> None:
    import numpy as np

    assert encode({"rows": [[np.float64(1.5), np.int64(2), np.bool_(True)]]}) == b'{"rows":[[1.5,2,true]]}'
    with pytest.raises(TypeError, match="or a table of pandas"):
        encode({"rows": [[object()]]})
