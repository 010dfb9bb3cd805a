"""What the ledger tells, made up, for tests of who shows it."""

from __future__ import annotations

from typing import Any

from tasks.contract import Kind, Lane, State
from tasks.ledger.groups import Task


def a_task(**told: Any) -> Task:
    """A queued train; `told` is what is otherwise."""
    usual: dict[str, Any] = {
        "id": f"{'0' * 32}-0",
        "owner": "ann",
        "kind": Kind.TRAIN,
        "model": "a-model",
        "state": State.QUEUED,
        "lane": Lane.NORMAL,
        "submitted_at": 0.0,
        "started_at": None,
        "finished_at": None,
        "progress": None,
    }
    return Task(**{**usual, **told})
