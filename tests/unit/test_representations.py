"""What the gateway shows of records."""

from __future__ import annotations

from gateway.representations import task_document
from tasks.contract import Kind, Lane, State
from tasks.groups import Task


def test_a_task_shows_that_it_is_tried_again() -> None:
    task = Task(
        id="g-0",
        owner="ann",
        kind=Kind.ESTIMATE,
        model="m",
        state=State.QUEUED,
        lane=Lane.LOW,
        submitted_at=0.0,
        started_at=None,
        finished_at=None,
        progress=None,
        retries=2,
        retry_error="OSError: disk",
    )
    document = task_document(task, None, ahead=3)
    assert (document["retries"], document["retry_error"]) == (2, "OSError: disk")
    assert (document["state"], document["position"], document["submitted_at"]) == (
        "queued",
        4,
        "1970-01-01T00:00:00.000Z",
    )
