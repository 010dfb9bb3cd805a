"""The clock of the machine is moved while the service runs."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Final

import httpx
import pytest
import redis

from tasks.contract import Kind, Lane
from tasks.ledger.acceptance import ACCEPT, acceptance
from tasks.ledger.fleet import members
from tasks.ledger.groups import Group, Head, new_group_id
from tasks.redis_keys import ASSIGNEE_KEY, LOOKED_KEY, queue_key
from tasks.storage.scripts import register
from tests.moved_clock import MovedClock, moved_clock
from tests.servers import eventually
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


def lose(client: redis.Redis) -> str:
    """Accept an estimate whose message is lost. Returns its handle."""
    head = Head(owner="admin", model="early")
    group = Group(id=new_group_id(), kind=Kind.ESTIMATE, lane=Lane.NORMAL, heads=[head], bodies=[b"{}"])
    keys, args = acceptance(group, [b"{}"])
    with client.pipeline(transaction=True) as pipe:
        # Else it is no message, but in a process's own list.
        pipe.delete(ASSIGNEE_KEY)
        register(client, ACCEPT)(keys=keys, args=args, client=pipe)
        pipe.delete(queue_key("estimate", Lane.NORMAL))
        pipe.execute()
    return f"{group.id}-0"


def another_look(client: redis.Redis) -> None:
    """Wait until lost work is looked for again."""
    looked = client.get(LOOKED_KEY)
    eventually(lambda: client.get(LOOKED_KEY) not in (None, looked), seconds=30, what="a look for lost work")


@pytest.mark.timeout(300)
@pytest.mark.parametrize("shift", [3600, pytest.param(-3600, marks=pytest.mark.long)])
def test_work_goes_on_when_the_clock_is_set(service: Service, clock: MovedClock, shift: int) -> None:
    """A lost message is published again, fleets are known, and the service is ready, whichever way the clock is set."""
    clock.move(0)
    service.http.headers["Authorization"] = f"Bearer {service.token()}"
    with service.master() as client:
        eventually(lambda: members(client, "estimate"), seconds=30, what="a worker")
        another_look(client)
        before = lose(client)
        clock.move(shift)
        service.http.headers["Authorization"] = f"Bearer {service.token()}"
        after = lose(client)
        began = time.monotonic()
        for handle in (before, after):
            path = f"/v1/tasks/{handle}"
            eventually(lambda: service.http.get(path).json()["state"] == "failed", seconds=45, what=path)  # noqa: B023
        assert time.monotonic() - began < 45
        another_look(client)
        assert abs(float(client.get(LOOKED_KEY) or 0) - time.time() - shift) < 30
        eventually(lambda: members(client, "estimate"), seconds=30, what="a worker")
    assert service.http.get("/health/ready").json() == {"status": "ready"}
