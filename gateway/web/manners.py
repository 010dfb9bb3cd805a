"""How errors look at the routes of other protocols, whoever raised them: elsewhere they are problem details."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

#: What is the caller's fault is 400 to clients of these protocols, and a model that cannot answer is not there.
STATUSES: Final = {422: 400, 424: 404}
#: MLflow's codes of errors, by status.
CODES: Final = {
    400: "BAD_REQUEST",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "RESOURCE_DOES_NOT_EXIST",
    409: "RESOURCE_CONFLICT",
    429: "REQUEST_LIMIT_EXCEEDED",
    500: "INTERNAL_ERROR",
    503: "TEMPORARILY_UNAVAILABLE",
    504: "DEADLINE_EXCEEDED",
}

Problem = dict[str, Any]
#: What a problem is in another manner.
Manner = Callable[[Problem], Problem]


def original(problem: Problem) -> Problem:
    """Of the original service: one sentence."""
    return {"status": problem["detail"]}


def inference(problem: Problem) -> Problem:
    """Of the Open Inference Protocol: clients show what `error` says, and need it to be text."""
    return {**problem, "error": f"{problem['title']}: {problem['detail']}"}


def invocation(problem: Problem) -> Problem:
    """Of MLflow."""
    code = CODES.get(problem["status"], CODES[500 if problem["status"] >= 500 else 400])
    return {**problem, "error_code": code, "message": problem["detail"]}


#: The routes of each.
MANNERS: Final[tuple[tuple[re.Pattern[str], Manner], ...]] = (
    (re.compile(r"/resource/(?:auth|init|predict|task/status/[^/]+)\Z"), original),
    (re.compile(r"/v2(?:/|\Z)"), inference),
    (re.compile(r"/(?:v1/models/[^/]+/)?invocations\Z"), invocation),
)


def manner_of(path: str) -> Manner | None:
    """The manner of the errors of a route; None for problem details."""
    return next((manner for routes, manner in MANNERS if routes.match(path)), None)
