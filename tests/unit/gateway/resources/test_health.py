"""Whether work that is accepted now would be done."""

from __future__ import annotations

import asyncio

import falcon.asgi
import pytest
import redis
from falcon.testing import TestClient

from gateway.commit.waiting import Expected
from gateway.resources import health
from gateway.resources.health import UPKEEP_SECONDS, ReadyResource
from tasks.contract import NO_ACCOUNT
from tasks.ledger.outcomes import Reply


class Answered:
    """What waits for canaries, each of which comes back at once if there are workers."""

    process = "tests"

    def __init__(self, *, workers: bool) -> None:
        self.workers = workers

    def expect(self, group: str) -> Expected:
        reply: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        if self.workers:
            reply.set_result(Reply(group, []))
        return Expected(group, reply)

    def drop(self, expected: Expected) -> None:
        """Nothing is kept."""


@pytest.mark.parametrize(
    ("workers", "age", "unsafe", "missing"),
    [
        (True, UPKEEP_SECONDS, None, None),
        (True, UPKEEP_SECONDS + 1, None, "lost work for 61 s"),
        (False, 0, None, "no estimate worker"),
        (True, 0, "Redis may evict", "Redis may evict"),
    ],
)
def test_it_is_ready_or_says_what_is_missing(
    redis_client: redis.Redis,
    monkeypatch: pytest.MonkeyPatch,
    workers: bool,
    age: float,
    unsafe: str | None,
    missing: str | None,
) -> None:
    monkeypatch.setattr(health, "PATIENCE_SECONDS", 0.05)
    app: falcon.asgi.App = falcon.asgi.App()  # type: ignore[type-arg]
    resource = ReadyResource(
        redis_client,
        Answered(workers=workers),  # type: ignore[arg-type]
        upkeep_age=lambda: age,
        unsafe=lambda: unsafe,
    )
    app.add_route("/health/ready", resource)
    client = TestClient(app)
    answers = [client.simulate_get("/health/ready") for _ in range(2)]
    assert {answer.status_code for answer in answers} == {503 if missing else 200}
    for answer in answers:
        assert (missing or "") in answer.json.get("detail", "")


def test_it_is_not_ready_any_more_when_accounts_are_gone(redis_client: redis.Redis) -> None:
    """As after Redis came back without its data."""
    app: falcon.asgi.App = falcon.asgi.App()  # type: ignore[type-arg]
    there = iter((True, False, True))
    app.add_route(
        "/health/ready",
        ReadyResource(redis_client, Answered(workers=True), has_callers=lambda: next(there)),  # type: ignore[arg-type]
    )
    client = TestClient(app)
    answers = [client.simulate_get("/health/ready") for _ in range(3)]
    assert [answer.status_code for answer in answers] == [200, 503, 200]
    assert answers[1].json["detail"] == NO_ACCOUNT
