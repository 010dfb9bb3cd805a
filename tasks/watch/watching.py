"""Watching a piece of work from Python: its progress as it comes, and a live bar and curve in a notebook."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final, NamedTuple, TypeVar

import msgspec

from tasks.contract import State
from tasks.errors import Unavailable
from tasks.formatting import plain
from tasks.ledger.groups import Task
from tasks.watch.live_curve import LiveCurve
from tasks.watch.notebook import drawing

#: Time between two looks at the record, and at the queue while the task waits in it (seconds).
LOOK_SECONDS: Final = 0.2
POSITION_SECONDS: Final = 1.0
#: How long the service may be away before watching ends (seconds).
AWAY_SECONDS: Final = 30.0

T = TypeVar("T")


class Look(NamedTuple):
    """What was seen of a task: its progress object, None before there is one, and its place in the queue, None unless
    it waits in one."""

    task: Task
    progress: dict[str, Any] | None
    position: int | None


class Watch:
    """The progress of one task. Iterating gives each newest progress object until the task is over.

    The objects are those of `GET /v1/tasks/{id}`: iteration, total, seconds, seconds_left, metrics by set and name, in
    which iteration each set was measured, where the holdout was best. In a notebook, a Watch that is the last line of a
    cell shows a bar and the curve until the task is over. `ahead` counts what will be taken before queued work.
    """

    def __init__(
        self,
        look: Callable[[], Task],
        *,
        ahead: Callable[[Task], int] | None = None,
        look_seconds: float = LOOK_SECONDS,
    ) -> None:
        self._look = look
        self._ahead = ahead
        self._look_seconds = look_seconds

    def __iter__(self) -> Iterator[dict[str, Any]]:
        seen = None
        for _, progress, _ in self.steps():
            if progress is not None and progress != seen:
                seen = progress
                yield progress

    def steps(self) -> Iterator[Look]:
        """What is seen of the task, whenever it has changed. Raises UnknownTask when the record is no longer kept, and
        Unavailable when the service is away for AWAY_SECONDS."""
        seen: Any = None
        position, counted = None, -POSITION_SECONDS
        while True:
            task = self._patient(self._look)
            if task.state is not State.QUEUED or self._ahead is None:
                position = None
            elif time.monotonic() - counted >= POSITION_SECONDS:
                position, counted = self._patient(partial(self._ahead, task)) + 1, time.monotonic()
            now = task.state, task.started_at, position, task.progress and bytes(task.progress)
            if now != seen:
                yield Look(task, msgspec.json.decode(task.progress) if task.progress else None, position)
                seen = now
            if task.state.final:
                return
            time.sleep(self._look_seconds)

    def _patient(self, look: Callable[[], T]) -> T:
        until = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                return look()
            except Unavailable:
                if time.monotonic() > until:
                    raise
                time.sleep(self._look_seconds)

    def _ipython_display_(self) -> None:
        # Only IPython calls this.
        from IPython.display import HTML, display

        shown, live = display(HTML("waiting"), display_id=True), LiveCurve()
        for look in self.steps():
            if look.progress is not None:
                live.add(look.task, look.progress)
            shown.update(HTML(bar(look) + drawing(live.curve)))


def bar(look: Look) -> str:
    """The state of a task as a line of HTML."""
    task, progress, _ = look
    words = f"{task.kind} {html.escape(task.model)}: {state(look)}"
    if progress is None:
        return words
    done, total = int(progress["iteration"]), int(progress["total"])
    return f'{words} <progress value="{done}" max="{total}"></progress> {html.escape(summary(progress))}'


def state(look: Look) -> str:
    """The state of a task, and of queued work its place."""
    if look.position is None:
        return look.task.state.value
    return f"{look.task.state}, place {look.position:,} of the {look.task.kind} work that waits"


def summary(progress: dict[str, Any]) -> str:
    """A progress object in a line of text."""
    parts = [times(progress)]
    for part, values in progress["metrics"].items():
        measured = progress.get("measured", {}).get(part, progress["iteration"])
        when = f" at {measured}" if measured != progress["iteration"] else ""
        parts += [f"{part} {name} {plain(value)}{when}" for name, value in values.items()]
    if (search := progress.get("search") or {}).get("best") is not None:
        was = plain(search["default"])
        parts.append(f"best {search['metric']} of {search['trials']} trials {plain(search['best'])}, as it was {was}")
    return ", ".join(parts)


def times(progress: dict[str, Any]) -> str:
    """How far it is, and how long that took and yet takes."""
    done = f"{progress['iteration']}/{progress['total']}"
    return f"{done}, {progress['seconds']:.1f} s, {progress['seconds_left']:.1f} s left"
