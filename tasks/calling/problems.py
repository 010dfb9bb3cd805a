"""The errors of the service, out of answers over HTTP."""

from __future__ import annotations

from typing import Any, Final

import msgspec

from tasks import errors
from tasks.calling.http_exchange import Answer
from tasks.errors import ServiceError, TooManyRequests, WorkFailed, by_name

#: What the types of the service's problems begin with.
URN: Final = "urn:mlservice:error:"
#: What an answer means that is none of the service's problems: one of NGINX, or of a proxy before it.
_BY_STATUS: Final[dict[int, type[ServiceError]]] = {
    400: errors.InvalidRequest,
    401: errors.Unauthenticated,
    403: errors.Forbidden,
    404: errors.NotFound,
    406: errors.NotAcceptable,
    409: errors.Conflict,
    412: errors.PreconditionFailed,
    413: errors.BodyTooLarge,
    415: errors.UnsupportedMediaType,
    422: errors.InvalidRequest,
    429: errors.TooManyRequests,
    502: errors.Unavailable,
    503: errors.Unavailable,
    504: errors.Unavailable,
}


class _Problem(msgspec.Struct):
    type: str = ""
    detail: str = ""
    pointer: str | None = None
    findings: list[Any] = []


def error_of(answer: Answer) -> ServiceError:
    """The error that an answer tells of, as the service raised it."""
    try:
        problem = msgspec.json.decode(answer.content, type=_Problem)
    except msgspec.MsgspecError:
        problem = _Problem()
    cls = _class(problem.type, answer.status)
    detail = problem.detail or f"the service answered with status {answer.status}"
    error = cls(detail).having(problem.findings)
    if isinstance(error, TooManyRequests) and (seconds := retry_after(answer)) is not None:
        error.after(seconds)
    return error.at(problem.pointer) if problem.pointer is not None else error


def retry_after(answer: Answer) -> float | None:
    """The pause that `Retry-After` asks for (seconds), where it says one as a number."""
    text = answer.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdigit() else None


def _class(kind: str, status: int) -> type[ServiceError]:
    name = "".join(part.capitalize() for part in kind.removeprefix(URN).split("-"))
    found = by_name(name) if kind.startswith(URN) else WorkFailed
    return found if found.__name__ == name else _BY_STATUS.get(status, WorkFailed)
