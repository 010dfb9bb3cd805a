"""Watching a piece of work from Python: its progress as it comes, and a live bar in a notebook."""

from __future__ import annotations

import html
import time
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import redis

from tasks.contract import State
from tasks.groups import Task

#: Time between two looks at the record (seconds).
LOOK_SECONDS: Final = 0.2
#: How long Redis may be away before watching ends (seconds).
AWAY_SECONDS: Final = 30.0


class Watch:
    """The progress of one task. Iterating gives each newest progress object until the task is over.

    The objects are those of `GET /v1/tasks/{id}`: iteration, total, seconds, seconds_left, metrics by set and name.
    In a notebook, a Watch that is the last line of a cell shows a bar until the task is over.
    """

    def __init__(self, look: Callable[[], Task]) -> None:
        self._look = look

    def __iter__(self) -> Iterator[dict[str, Any]]:
        seen = None
        for _, progress in self.steps():
            if progress is not None and progress != seen:
                seen = progress
                yield progress

    def steps(self) -> Iterator[tuple[Task, dict[str, Any] | None]]:
        """The task and its progress object (None before there is one) whenever one of them has changed. Raises
        UnknownTask when the record is no longer kept, and Redis's error when it is away for AWAY_SECONDS."""
        seen: tuple[State, Any] | None = None
        while True:
            task = self._patient_look()
            now = task.state, task.progress and bytes(task.progress)
            if now != seen:
                progress = msgspec.json.decode(task.progress) if task.progress else None
                yield task, progress
                seen = now
            if task.state.final:
                return
            time.sleep(LOOK_SECONDS)

    def _patient_look(self) -> Task:
        until = time.monotonic() + AWAY_SECONDS
        while True:
            try:
                return self._look()
            except (redis.exceptions.ConnectionError, redis.exceptions.TimeoutError):
                if time.monotonic() > until:
                    raise
                time.sleep(LOOK_SECONDS)

    def _ipython_display_(self) -> None:
        # Only IPython calls this.
        from IPython.display import HTML, display

        shown = display(HTML("waiting"), display_id=True)
        for task, progress in self.steps():
            shown.update(HTML(bar(task, progress)))


def bar(task: Task, progress: dict[str, Any] | None) -> str:
    """The state of a task as a line of HTML."""
    words = f"{task.kind} {html.escape(task.model)}: {task.state}"
    if progress is None:
        return words
    done, total = int(progress["iteration"]), int(progress["total"])
    return f'{words} <progress value="{done}" max="{total}"></progress> {html.escape(summary(progress))}'


def summary(progress: dict[str, Any]) -> str:
    """A progress object in a line of text."""
    parts = [times(progress)]
    parts += [
        f"{part} {name} {value:.4g}" for part, values in progress["metrics"].items() for name, value in values.items()
    ]
    return ", ".join(parts)


def times(progress: dict[str, Any]) -> str:
    """How far it is, and how long that took and yet takes."""
    done = f"{progress['iteration']}/{progress['total']}"
    return f"{done}, {progress['seconds']:.1f} s, {progress['seconds_left']:.1f} s left"
