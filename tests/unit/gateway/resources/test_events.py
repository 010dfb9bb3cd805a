"""Which events a client that has seen so much of a task is sent."""

from __future__ import annotations

import json
from typing import Any

import msgspec

from gateway.resources.events import Place, news
from tasks.contract import Lane, State
from tasks.ledger.groups import Task
from tests.records import a_task

QUEUED = a_task(id="g-0", lane=Lane.LOW)


def running(iteration: int | None, *, started: float = 1.0, **changes: Any) -> Task:
    progress = None if iteration is None else msgspec.Raw(json.dumps({"iteration": iteration}).encode())
    return msgspec.structs.replace(
        QUEUED, **{"state": State.RUNNING, "started_at": started, "progress": progress, **changes}
    )


class Client:
    """One who follows: each look is made with what the last event's id says."""

    def __init__(self) -> None:
        self.last = ""

    def look(self, task: Task, *, ahead: int = 0) -> list[tuple[str, Any]]:
        """Kind of each event, and its position, state or iteration."""
        found = []
        for place, event in news(task, Place.parse(self.last), ahead=ahead):
            assert event.event_id == str(place) != self.last
            assert event.data is not None
            assert event.event is not None
            data = json.loads(event.data)
            self.last = event.event_id
            found.append((event.event, data.get("position") or data.get("state") or data["iteration"]))
        return found


def test_a_new_place_in_the_queue_is_told_and_the_same_is_not() -> None:
    client = Client()
    assert client.look(QUEUED, ahead=3) == [("state", 4)]
    assert client.look(QUEUED, ahead=3) == []
    assert client.look(QUEUED, ahead=2) == [("state", 3)]
    assert client.look(QUEUED, ahead=4) == [("state", 5)]
    # The place is no iteration.
    assert client.look(running(5)) == [("state", "running"), ("progress", 5)]
    assert client.look(running(5), ahead=9) == []
    assert client.look(running(6)) == [("progress", 6)]


def test_another_run_is_told_from_its_first_iteration() -> None:
    client = Client()
    client.look(running(5))
    assert client.look(running(5, started=2.0)) == [("state", "running"), ("progress", 5)]
    assert client.look(QUEUED) == [("state", 1)]
    assert client.look(running(None, started=3.0)) == [("state", "running")]
    assert client.look(running(1, started=3.0)) == [("progress", 1)]


def test_the_last_progress_comes_before_the_end() -> None:
    client = Client()
    client.look(running(5))
    over = running(9, state=State.SUCCEEDED, finished_at=4.0)
    assert client.look(over) == [("progress", 9), ("state", "succeeded")]
    assert client.look(over) == []
    client.last = ""
    assert client.look(over) == [("progress", 9), ("state", "succeeded")]
