"""What every refusal over HTTP looks like."""

from __future__ import annotations

from typing import Any

import httpx

from tasks.contract import PROBLEM


def refused(answer: httpx.Response, status: int, *words: str, pointer: str | None = None) -> dict[str, Any]:
    """The problem in the answer, which must have this status, these words in its detail, and this pointer."""
    assert answer.status_code == status, answer.text
    assert answer.headers["Content-Type"] == PROBLEM
    problem: dict[str, Any] = answer.json()
    assert problem["status"] == status
    assert problem["title"]
    missing = [word for word in words if word not in problem["detail"]]
    assert not missing, problem["detail"]
    assert problem.get("pointer") == pointer, problem
    return problem
