"""The clock of the machine is moved while the service runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from tests.moved_clock import MovedClock, moved_clock
from tests.service import Service

pytestmark = pytest.mark.integration

#: How far the clock is ahead before it is put right (seconds).
AHEAD: Final = 300
TABLE: Final = {"rows": [{"x": x, "y": 2 * x} for x in range(60)]}


@pytest.fixture(scope="module")
def clock() -> Iterator[MovedClock]:
    with moved_clock() as clock:
        yield clock


@pytest.fixture(scope="module")
def service(clock: MovedClock) -> Iterator[Service]:
    """One whose clock was ahead when its home was made."""
    clock.move(AHEAD)
    with Service(env=clock.env) as running:
        yield running


def ask(service: Service, token: str) -> int:
    return httpx.get(f"{service.url}/v1/tasks", headers={"Authorization": f"Bearer {token}"}).status_code


@pytest.mark.timeout(300)
def test_tokens_and_tasks_stay_their_account_s_when_the_clock_goes_back(service: Service, clock: MovedClock) -> None:
    before = service.token()
    with service.master() as client:
        assert client.time()[0] - time.time() == pytest.approx(AHEAD, abs=30), "the clock is not moved"
    early = service.init("early", TABLE, target="y").raise_for_status()
    clock.move(0)

    def check(*tokens: str) -> None:
        assert [ask(service, token) for token in tokens] == [200] * len(tokens)
        late = service.init("late", TABLE, target="y").raise_for_status()
        listed = {task["id"] for task in service.http.get("/v1/tasks").raise_for_status().json()["tasks"]}
        assert {answer.headers["Location"].rpartition("/")[2] for answer in (early, late)} <= listed

    service.http.headers["Authorization"] = f"Bearer {before}"
    check(before, service.token())
    service.start_again()
    service.http.headers["Authorization"] = f"Bearer {before}"
    check(before, service.token())
