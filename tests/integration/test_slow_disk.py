"""Valkey is killed while its disk syncs slowly: what was accepted is there afterwards."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import httpx
import pytest

from infra.commands.status import program_status
from tests.servers import eventually
from tests.service import Service
from tests.slow_disk import SlowDisk, slow_disk

ROWS: Final = {"rows": [{"a": a, "b": b, "y": a + b} for a in range(20) for b in range(20)]}
ESTIMATE: Final = "/v1/models/m/estimate"
ONE: Final = {"rows": [[1, 2]]}
KILLS: Final = 4
#: Callers that submit one estimate after the other.
CALLERS: Final = 8


@pytest.fixture(scope="module")
def disk() -> Iterator[SlowDisk]:
    with slow_disk() as disk:
        if disk is None:
            pytest.skip("no C compiler to build the slow disk with")
        yield disk


@pytest.fixture(scope="module")
def slow(disk: SlowDisk) -> Iterator[Service]:
    """A service with the model `m`, on a disk that can be slow."""
    with Service(env=disk.env) as service:
        assert service.init("m", ROWS, target="y").status_code == 200
        assert service.train("m", params={"num_iterations": 5}).status_code == 200
        yield service


@pytest.mark.parametrize("kills", [1, pytest.param(KILLS, marks=pytest.mark.long)])
def test_a_kill_of_valkey_on_a_slow_disk_loses_nothing(slow: Service, disk: SlowDisk, kills: int) -> None:
    accepted: list[str] = []
    done = threading.Event()

    def submit() -> None:
        with httpx.Client(base_url=slow.url, headers=slow.http.headers, timeout=20) as client:
            while not done.is_set():
                with suppress(httpx.TransportError):
                    answer = client.post(ESTIMATE, json=ONE)
                    if answer.status_code == 202:
                        accepted.append(answer.json()["id"])
                    else:
                        time.sleep(0.1)

    callers = [threading.Thread(target=submit) for _ in range(CALLERS)]
    with disk.slow():
        for caller in callers:
            caller.start()
        try:
            for number in range(kills):
                before = len(accepted)
                eventually(lambda: len(accepted) > before + 100, seconds=60, what="accepted work")  # noqa: B023
                # A sync begins each second: Valkey is killed in the middle of one, not in the quiet before the first.
                syncs = disk.syncs
                eventually(lambda: disk.syncs > syncs, seconds=30, what="a sync that has begun")  # noqa: B023
                time.sleep(0.37 * number)
                os.kill(program_status(slow.home.service())["valkey"].pid, signal.SIGKILL)
        finally:
            done.set()
            for caller in callers:
                caller.join()
    eventually(lambda: slow.http.get("/health/ready").status_code == 200, seconds=30, what="Valkey")
    lost = [handle for handle in accepted if slow.http.get(f"/v1/tasks/{handle}").status_code == 404]
    assert not lost, f"{len(lost)} of {len(accepted)}"
    last = slow.http.get(f"/v1/tasks/{accepted[-1]}/result", headers={"Prefer": "wait=60"})
    assert last.status_code == 200


def test_what_is_written_is_put_on_the_disk(slow: Service, disk: SlowDisk) -> None:
    with disk.slow():
        assert slow.estimate("m", ONE).status_code == 200
        eventually(lambda: disk.syncs, seconds=30, what="a sync")
