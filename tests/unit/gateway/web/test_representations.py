"""What the gateway shows of records."""

from __future__ import annotations

from gateway.web.representations import task_document
from tests.records import a_task


def test_a_task_shows_that_it_is_tried_again() -> None:
    task = a_task(retries=2, retry_error="OSError: disk")
    document = task_document(task, None, root="", ahead=3)
    assert (document["retries"], document["retry_error"]) == (2, "OSError: disk")
    assert (document["state"], document["position"], document["submitted_at"]) == (
        "queued",
        4,
        "1970-01-01T00:00:00.000Z",
    )
