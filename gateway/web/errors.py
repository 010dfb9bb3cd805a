"""How an error looks over HTTP: one table of statuses, and problem details (RFC 9457)."""

from __future__ import annotations

import logging
import re
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any, Final

import falcon
import falcon.asgi
import msgspec
import redis

from gateway.web.addresses import asked_path
from gateway.web.headers import request_id
from tasks import errors
from tasks.contract import BODY_CODINGS, PROBLEM
from tasks.errors import ServiceError
from tasks.ledger.outcomes import Failure

log = logging.getLogger(__name__)

#: What the types of our problems begin with.
URN: Final = "urn:mlservice:error:"
#: Seconds after which a caller may try again what was refused for now.
RETRY_AFTER_SECONDS: Final = 2

#: HTTP status and title of each error. Whatever is not named here is as its nearest parent in the tree.
TABLE: Final[dict[type[ServiceError], tuple[int, str]]] = {
    ServiceError: (500, "The service failed"),
    errors.SettingsError: (500, "The service is set up wrongly"),
    errors.InvalidRequest: (422, "The request cannot be carried out"),
    errors.MalformedBody: (400, "The body is malformed"),
    errors.InvalidField: (422, "A field cannot be used"),
    errors.InvalidTable: (422, "The table cannot be learned from"),
    errors.NoFeatures: (422, "No column is left to learn from"),
    errors.InvalidTarget: (422, "The target cannot be learned"),
    errors.InvalidRows: (422, "The rows do not fit the model"),
    errors.InvalidParams: (422, "A parameter cannot be used"),
    errors.UnsupportedMediaType: (415, "The body's media type is not read"),
    errors.UnsupportedCoding: (415, "The body's coding is not read"),
    errors.NotAcceptable: (406, "The media type asked for is not written"),
    errors.BodyTooLarge: (413, "The body is too large"),
    errors.Unauthenticated: (401, "It is not known who is calling"),
    errors.Forbidden: (403, "The caller may not do this"),
    errors.TooManyRequests: (429, "The caller asks too often"),
    errors.NotFound: (404, "There is no such thing"),
    errors.UnknownModel: (404, "There is no such model"),
    errors.UnknownVersion: (404, "There is no such version"),
    errors.UnknownTask: (404, "There is no such task"),
    errors.Conflict: (409, "The request does not fit the present state"),
    errors.PreconditionFailed: (412, "It is not what the caller means"),
    errors.NotReady: (424, "A step that comes before is missing"),
    errors.ModelNotInitialised: (424, "The model is not initialised"),
    errors.ModelNotTrained: (424, "The model is not trained"),
    errors.Unavailable: (503, "The service cannot take work now"),
    errors.WorkFailed: (500, "The work failed"),
    errors.EstimatorFailed: (500, "The estimator failed"),
    errors.ClusterFailed: (500, "The cluster failed"),
    errors.Poison: (500, "The work ends its worker"),
    errors.TimeLimit: (500, "The work took too long"),
    errors.MemoryLimit: (413, "The work needs too much memory"),
    errors.Cancelled: (410, "The work was cancelled"),
    errors.Expired: (410, "The deadline passed before the work started"),
    errors.FenceLost: (409, "Another worker has the work"),
}

#: Errors of Redis that pass: out of reach, loading, out of memory, not the master.
PASSING: Final[tuple[type[Exception], ...]] = (
    redis.exceptions.ConnectionError,
    redis.exceptions.TimeoutError,
    redis.exceptions.OutOfMemoryError,
    redis.exceptions.ReadOnlyError,
)
#: What answers of Redis that pass begin with, where redis-py has no class: the disk is full, no replica, no master.
PASSING_CODES: Final = ("MISCONF", "NOREPLICAS", "MASTERDOWN", "CLUSTERDOWN", "TRYAGAIN")


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error. `instance` is the path that was asked for."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | None = None
    #: JSON pointer to the field at fault, or `?name` for a query parameter.
    pointer: str | None = None
    #: All that was found in a table, if that is why it is refused.
    findings: Sequence[Any] = ()


def status_and_title(cls: type[ServiceError]) -> tuple[int, str]:
    """HTTP status and title of an error of this class."""
    return next(TABLE[c] for c in cls.__mro__ if c in TABLE)


def problem_type(cls: type[Exception]) -> str:
    """The `type` of the problem of an error of this class."""
    return URN + _kebab(cls.__name__.removeprefix("HTTP"))


def problem(error: ServiceError, *, instance: str | None = None) -> bytes:
    """The error as an RFC 9457 body."""
    status, title = status_and_title(type(error))
    said = Problem(problem_type(type(error)), title, status, str(error), instance, error.pointer, error.findings)
    return msgspec.json.encode(said)


def problem_from_wire(failure: Failure, *, instance: str | None = None) -> tuple[int, bytes]:
    """(HTTP status, body) of the error of a finished task; a name that is not in the tree counts as WorkFailed."""
    error = failure.error()
    return status_and_title(type(error))[0], problem(error, instance=instance)


def install(app: falcon.asgi.App[Any, Any]) -> None:
    """Make the app answer every error with a problem."""
    app.add_error_handler(ServiceError, _on_service_error)
    app.add_error_handler(falcon.HTTPError, _on_http_error)
    for passing in PASSING:
        app.add_error_handler(passing, _on_passing)
    app.add_error_handler(redis.exceptions.ResponseError, _on_redis_refusal)
    app.add_error_handler(Exception, _on_unexpected)


async def _on_service_error(
    req: falcon.asgi.Request, resp: falcon.asgi.Response | None, error: ServiceError, params: dict[str, Any]
) -> None:
    status, _ = status_and_title(type(error))
    if isinstance(error, errors.TooManyRequests) and resp is not None:
        resp.set_header("Retry-After", str(error.retry_seconds))
        if error.bound is not None:
            name, most = error.bound
            resp.append_header("RateLimit-Policy", f'"{name}";q={most}')
            resp.append_header("RateLimit", f'"{name}";r=0;t={error.retry_seconds}')
    if isinstance(error, errors.UnsupportedCoding) and resp is not None:
        resp.set_header("Accept-Encoding", ", ".join(BODY_CODINGS))
    if status == 500:
        log.error("%s %s: %s", req.method, req.path, error, exc_info=error, extra=told(req))
    _answer(resp, status, problem(error, instance=asked_path(req)))


async def _on_http_error(
    req: falcon.asgi.Request, resp: falcon.asgi.Response | None, error: falcon.HTTPError, params: dict[str, Any]
) -> None:
    """Falcon's own errors: no route, no such method, a header or body that it could not read."""
    status = error.status_code
    headers = dict(error.headers or {})
    body = Problem(
        problem_type(type(error)),
        HTTPStatus(status).phrase,
        status,
        error.description or _described(req, status, headers),
        asked_path(req),
    )
    if resp is not None:
        resp.set_headers(headers)
    _answer(resp, status, msgspec.json.encode(body))


async def _on_passing(
    req: falcon.asgi.Request, resp: falcon.asgi.Response | None, error: Exception, params: dict[str, Any]
) -> None:
    log.warning("%s %s: Redis: %s", req.method, req.path, error, extra=told(req))
    refusal = errors.Unavailable("the queue cannot be reached; try again in a moment")
    await _on_service_error(req, resp, refusal, params)


async def _on_redis_refusal(
    req: falcon.asgi.Request, resp: falcon.asgi.Response | None, error: Exception, params: dict[str, Any]
) -> None:
    handle = _on_passing if str(error).startswith(PASSING_CODES) else _on_unexpected
    await handle(req, resp, error, params)


async def _on_unexpected(
    req: falcon.asgi.Request, resp: falcon.asgi.Response | None, error: Exception, params: dict[str, Any]
) -> None:
    log.error("%s %s failed", req.method, req.path, exc_info=error, extra=told(req))
    refusal = ServiceError("the service failed; its log says why")
    _answer(resp, 500, problem(refusal, instance=asked_path(req)))


def told(req: falcon.asgi.Request) -> dict[str, str]:
    """What a log says of a request."""
    principal = getattr(req.context, "principal", None)
    owner = principal.name if principal is not None else ""
    return {"request_id": request_id(req), "method": req.method, "path": req.path, "owner": owner}


def _answer(resp: falcon.asgi.Response | None, status: int, body: bytes) -> None:
    if resp is None:
        # A WebSocket has no response; Falcon turns this into a close code.
        raise falcon.HTTPError(status)
    resp.status = status
    resp.content_type = PROBLEM
    resp.data = body
    if status == 503 and not resp.get_header("Retry-After"):
        resp.set_header("Retry-After", str(RETRY_AFTER_SECONDS))
    # RFC 9110 wants a challenge with every 401.
    if status == 401 and not resp.get_header("WWW-Authenticate"):
        resp.set_header("WWW-Authenticate", 'Bearer realm="mlservice"')


def _described(req: falcon.asgi.Request, status: int, headers: dict[str, str]) -> str:
    if status == 404:
        return f"there is no route {req.path[:200]!r}; see the README for the routes"
    if status == 405:
        return f"{req.method} is not known here; known are {headers.get('Allow', 'no methods')}"
    return "the request cannot be read; check its headers and body"


def _kebab(name: str) -> str:
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()
