"""A service in memory: it accepts, carries out and tells of work as the real one does, in the caller's process."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final

import msgspec

from tasks.calling.memory_models import TRAINED, MemoryModel, Predict, by_function, typical
from tasks.calling.memory_tables import Row, read_rows
from tasks.calling.request import Request, encode
from tasks.contract import DEFAULT_ESTIMATOR, Kind, Media, Promote, State
from tasks.errors import Conflict, InvalidField, InvalidTable, ModelNotInitialised, ServiceError, UnknownTask
from tasks.ledger.cancelling import TOO_LATE
from tasks.ledger.claims import cancelled
from tasks.ledger.groups import Task, new_group_id, parse_handle
from tasks.ledger.history import expired
from tasks.ledger.outcomes import Outcome, failure
from tasks.watch.ending import Live

#: The progress of a train that is over.
DONE: Final = {"iteration": 1, "total": 1, "seconds": 0.0, "seconds_left": 0.0, "metrics": {}}


class MemoryTransport:
    """The work and the models of one service, and the way to it. Threads may share it."""

    #: Nothing changes between two looks.
    look_seconds = 0.0

    def __init__(
        self,
        *,
        predict: Predict | None = None,
        inline: bool = True,
        sources: Mapping[str, Sequence[Row]] | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """`predict`: what a train makes a version of, where the model has no function of its own. `inline`: work is
        carried out when it is submitted; else it waits for `drain`. `sources`: rows that an init may name. `clock`:
        seconds since the epoch."""
        self._predict = predict
        self._inline = inline
        self._draining = threading.RLock()
        self.models: dict[str, MemoryModel] = {}
        self.functions: dict[str, Predict] = {}
        self.metrics: dict[str, dict[str, float]] = {}
        self.submitted: list[Request] = []
        #: What the next submits raise.
        self.refusals: list[ServiceError] = []
        self._sources = sources or {}
        self._clock = clock
        self._tasks: dict[str, Task] = {}
        self._requests: dict[str, Request] = {}
        self._outcomes: dict[str, Outcome] = {}
        self._keys: dict[str, str] = {}

    def model(self, name: str) -> MemoryModel:
        """The model of this name, which is made."""
        return self.models.setdefault(name, MemoryModel(name))

    def submit(self, request: Request) -> str:
        """Accept the work; carry it out at once where that is so."""
        if self.refusals:
            raise self.refusals.pop(0)
        if request.is_export or request.is_import:
            raise InvalidField("the service in memory takes no model along and brings none in")
        if (known := self._keys.get(request.idempotency_key)) and request.idempotency_key:
            if self._requests[known] != request:
                raise InvalidField("the idempotency key was used for another request; give a new one")
            return known
        handle = f"{new_group_id()}-0"
        now = self._clock()
        self._tasks[handle] = Task(
            id=handle,
            owner="",
            kind=request.kind,
            model=request.model,
            state=State.QUEUED,
            lane=request.lane,
            submitted_at=now,
            asked_at=now,
            started_at=None,
            finished_at=None,
            progress=None,
        )
        self._requests[handle] = request
        self.submitted.append(request)
        if request.idempotency_key:
            self._keys[request.idempotency_key] = handle
        if self._inline:
            self.drain()
        return handle

    def drain(self) -> int:
        """Carry out what waits, in order. Returns how much that was."""
        with self._draining:
            waiting = [task for task in list(self._tasks.values()) if task.state is State.QUEUED]
            for task in waiting:
                self._carry_out(task)
            return len(waiting)

    def _carry_out(self, task: Task) -> None:
        request, began = self._requests[task.id], self._clock()
        if request.deadline_seconds is not None and began >= task.submitted_at + request.deadline_seconds:
            self._end(task, failure(expired(), State.EXPIRED), began=None)
            return
        try:
            outcome = _WORK[request.kind](self, request)
        except ServiceError as error:
            outcome = failure(error)
        self._end(task, outcome, began=began)

    def _end(self, task: Task, outcome: Outcome, *, began: float | None) -> None:
        is_trained = task.kind is Kind.TRAIN and outcome.state is State.SUCCEEDED
        self._outcomes[task.id] = outcome
        self._tasks[task.id] = msgspec.structs.replace(
            task,
            state=outcome.state,
            started_at=began,
            finished_at=self._clock(),
            progress=msgspec.Raw(encode(DONE)) if is_trained else None,
        )

    def _init(self, request: Request) -> Outcome:
        if "dry_run" in request.query or "upload" in request.query:
            raise InvalidField("the service in memory makes no dry runs")
        rows = self._named_rows(request)
        if rows is None:
            rows = read_rows(request)
        model, target = self.model(request.model), request.query.get("target", "")
        if rows and target not in rows[0]:
            raise InvalidTable(f"the table has no column {target!r}, the target").at("?target")
        model.target = target
        model.rows = [*(model.rows or []), *rows] if "append" in request.query else rows
        model.columns = [name for name in (rows[0] if rows else model.columns) if name != target]
        return _told(
            {
                "model": model.name,
                "estimator": request.query.get("estimator", DEFAULT_ESTIMATOR),
                "target": target,
                "rows": len(model.rows),
                "columns": [{"name": name} for name in model.columns],
                "warnings": [],
            }
        )

    def _named_rows(self, request: Request) -> list[Row] | None:
        if not request.body:
            return []
        if request.media is not Media.JSON or b'"source"' not in request.body:
            return None
        name = msgspec.json.decode(request.body).get("source")
        if name is None:
            return None
        if name not in self._sources:
            raise InvalidField(f"there is no source {name!r}; give it as sources=").at("/source")
        return list(self._sources[name])

    def _train(self, request: Request) -> Outcome:
        model = self.models.get(request.model)
        if model is None or model.rows is None:
            raise ModelNotInitialised(f"the model {request.model!r} has no data; initialise it first")
        said = msgspec.json.decode(request.body)
        try:
            promote = Promote(said["promote"]) is not Promote.NEVER
        except ValueError:
            words = ", ".join(Promote)
            raise InvalidField(f"promote must be one of {words}, not {said['promote']!r:.40}").at("/promote") from None
        predict = self.functions.get(model.name) or self._predict or typical(model.rows, model.target)
        number = model.add_version(by_function(model, predict), promote=promote)
        document = {**TRAINED, "model": model.name, "version": number, "promoted": promote}
        return _told({**document, "metrics": self.metrics.get(model.name, {}), "params_used": said["params"]})

    def _estimate(self, request: Request) -> Outcome:
        model = self.models.get(request.model) or MemoryModel(request.model)
        number, answering = model.asked(request.query.get("version", ""))
        return answering(request, number)

    def task(self, handle: str) -> Task:
        """State and times. Raises UnknownTask."""
        parse_handle(handle)
        if handle not in self._tasks:
            raise UnknownTask(f"there is no task {handle}, or its result is no longer kept")
        return self._tasks[handle]

    def ahead(self, task: Task) -> int:
        """How much waits that was submitted before."""
        waiting = [other.id for other in self._tasks.values() if other.state is State.QUEUED]
        return waiting.index(task.id) if task.id in waiting else 0

    def outcome(self, handle: str) -> Outcome | None:
        """How the task ended; None while it has not."""
        self.task(handle)
        return self._outcomes.get(handle)

    def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None at once if it has not: only `drain` ends it."""
        return self.outcome(handle)

    def cancel(self, handle: str) -> bool:
        """Cancel what waits. Raises Conflict for what has ended."""
        task = self.task(handle)
        if task.state.final:
            raise Conflict(TOO_LATE)
        self._end(task, failure(cancelled(), State.CANCELLED), began=None)
        return True

    def tasks(self, *, limit: int, state: State | None, model: str | None, kind: Kind | None) -> list[Task]:
        """The newest tasks."""
        wanted = ((state, "state"), (model, "model"), (kind, "kind"))
        said = [(value, name) for value, name in wanted if value is not None]
        newest = reversed(list(self._tasks.values()))
        return [task for task in newest if all(getattr(task, name) == value for value, name in said)][:limit]

    def live(self, model: str) -> Live | None:
        """Which version of a model answers; None if none does."""
        current = self.model(model).current
        return None if current is None else Live(current, self.metrics.get(model, {}))

    def page(self, model: str, version: int) -> str:
        """Nowhere."""
        return ""

    def close(self) -> None:
        """There is nothing to give back: another client may go on with what there is."""


def _told(document: dict[str, Any]) -> Outcome:
    return Outcome(State.SUCCEEDED, Media.JSON.value, encode(document))


_WORK: Final[dict[Kind, Callable[[MemoryTransport, Request], Outcome]]] = {
    Kind.INIT: MemoryTransport._init,
    Kind.TRAIN: MemoryTransport._train,
    Kind.ESTIMATE: MemoryTransport._estimate,
}
