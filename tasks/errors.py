"""The tree of errors. Imports nothing of ours.

    ServiceError
    |-- SettingsError
    |-- InvalidRequest
    |   |-- MalformedBody
    |   |-- InvalidField
    |   |-- InvalidTable
    |   |   `-- NoFeatures
    |   |-- InvalidTarget
    |   |-- InvalidRows
    |   `-- InvalidParams
    |-- UnsupportedMediaType
    |   `-- UnsupportedCoding
    |-- NotAcceptable
    |-- BodyTooLarge
    |-- Unauthenticated
    |-- Forbidden
    |-- TooManyRequests
    |-- NotFound
    |   |-- UnknownModel
    |   |-- UnknownVersion
    |   `-- UnknownTask
    |-- Conflict
    |-- PreconditionFailed
    |-- NotReady
    |   |-- ModelNotInitialised
    |   `-- ModelNotTrained
    |-- Unavailable
    `-- WorkFailed
        |-- EstimatorFailed
        |-- ClusterFailed
        |-- Poison
        |-- TimeLimit
        |-- MemoryLimit
        |-- Cancelled
        |-- Expired
        `-- FenceLost

Each takes one message, already formatted: Celery makes it anew from `args` (findings/celery-errors-made-twice.sh).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Self


class ServiceError(Exception):
    """The root of all errors of this service."""

    #: JSON pointer (RFC 6901) to the field at fault in the request's body, or `?name` for a query parameter.
    pointer: str | None = None
    #: All that was found in a table, if that is why it is refused; each as JSON has it (`tasks.tables.findings`).
    findings: Sequence[Any] = ()

    def at(self, pointer: str) -> Self:
        """This error, with a pointer to the field at fault."""
        self.pointer = pointer
        return self

    def having(self, findings: Sequence[Any]) -> Self:
        """This error, with all that was found."""
        self.findings = findings
        return self


class SettingsError(ServiceError):
    """Raised when a setting has a value that cannot be used."""


class InvalidRequest(ServiceError):
    """Raised when a request was understood and cannot be carried out as it is."""


class MalformedBody(InvalidRequest):
    """Raised when a body is not in the format that its media type promises."""


class InvalidField(InvalidRequest):
    """Raised when a field or parameter of a request has a value that cannot be used."""


class InvalidTable(InvalidRequest):
    """Raised when a table cannot be learned from: empty, uneven, or with a column of an unknown type."""


class NoFeatures(InvalidTable):
    """Raised when a table has no column, beside the target, that can be learned from."""


class InvalidTarget(InvalidRequest):
    """Raised when the target column is missing or cannot be learned."""

    pointer = "?target"


class InvalidRows(InvalidRequest):
    """Raised when rows do not fit the schema that the model was trained on."""


class InvalidParams(InvalidRequest):
    """Raised when an estimator does not know a parameter or cannot use its value."""


class UnsupportedMediaType(ServiceError):
    """Raised when a body has a media type that the route does not read."""


class UnsupportedCoding(UnsupportedMediaType):
    """Raised when a body is compressed in a way that is not read."""


class NotAcceptable(ServiceError):
    """Raised when a result is asked for in a media type that is not written."""


class BodyTooLarge(ServiceError):
    """Raised when a body is larger than the limit."""


class Unauthenticated(ServiceError):
    """Raised when it is not known who is calling."""


class Forbidden(ServiceError):
    """Raised when the caller is known and may not do this."""


class TooManyRequests(ServiceError):
    """Raised when the caller asks more often than it may; trying again after a pause is right."""

    #: The pause, in seconds.
    retry_seconds: int = 1

    #: Name and size of the bound that was reached, if it is not one of a time.
    bound: tuple[str, int] | None = None

    def of(self, name: str, most: int) -> Self:
        """This error, with the bound that was reached."""
        self.bound = (name, most)
        return self

    def after(self, seconds: float) -> Self:
        """This error, with the pause after which trying again is right."""
        self.retry_seconds = max(1, math.ceil(seconds))
        return self


class NotFound(ServiceError):
    """Raised when what the request names does not exist, or is not the caller's."""


class UnknownModel(NotFound):
    """Raised when no model has this name."""


class UnknownVersion(NotFound):
    """Raised when a model has no such version."""


class UnknownTask(NotFound):
    """Raised when no task has this id, or it belongs to another owner, or its retention is over."""


class Conflict(ServiceError):
    """Raised when the request does not fit the present state of what it names."""


class PreconditionFailed(ServiceError):
    """Raised when what the request is to change is not, or is no longer, what its `If-Match` says."""


class NotReady(ServiceError):
    """Raised when a step that has to come before is missing."""


class ModelNotInitialised(NotReady):
    """Raised when a model is trained or asked before its data was initialised."""


class ModelNotTrained(NotReady):
    """Raised when a model is asked for an estimate and has no current version."""


class Unavailable(ServiceError):
    """Raised when the service cannot take work now; trying again later is right."""


class WorkFailed(ServiceError):
    """Raised when accepted work ended without a result."""


class EstimatorFailed(WorkFailed):
    """Raised when an estimator raised something of its own."""


class ClusterFailed(WorkFailed):
    """Raised when the cluster over which a train is to run is away, or loses a worker; trying again later is right."""


class Poison(WorkFailed):
    """Raised when work was delivered too often without an end: it kills its worker."""


class TimeLimit(WorkFailed):
    """Raised when work ran longer than its kind may."""


class MemoryLimit(WorkFailed):
    """Raised when work needed more memory than a process of a worker may have."""


class Cancelled(WorkFailed):
    """Raised when work was cancelled by its owner."""


class Expired(WorkFailed):
    """Raised when the deadline passed before the work started."""


class FenceLost(WorkFailed):
    """Raised when another worker has claimed the work meanwhile; nothing was written."""


def repeats(error: type[ServiceError]) -> bool:
    """Whether the words of such an error may repeat what was sent, so that they are for who sent it alone."""
    return issubclass(error, InvalidRequest)


def by_name(name: str) -> type[ServiceError]:
    """The class of the tree with this name; `WorkFailed` for a name that is not in the tree."""
    pending: list[type[ServiceError]] = [ServiceError]
    while pending:
        cls = pending.pop()
        if cls.__name__ == name:
            return cls
        pending.extend(cls.__subclasses__())
    return WorkFailed
