"""Watching a piece of work from Python: its progress as it comes, and a live bar and curve in a notebook."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from functools import partial
from typing import Any, Final, TextIO, TypeVar

import msgspec

from tasks.contract import Kind, State
from tasks.errors import ServiceError, Unavailable
from tasks.ledger.groups import Task
from tasks.watch.ending import Ending, Live
from tasks.watch.live_curve import LiveCurve
from tasks.watch.looks import Look, bar
from tasks.watch.notebook import drawing
from tasks.watch.terminal import show

#: Time between two looks at the record, and at the queue while the task waits in it (seconds).
LOOK_SECONDS: Final = 0.2
POSITION_SECONDS: Final = 1.0
#: The kind of IPython that has no pages to show.
TERMINAL: Final = "TerminalInteractiveShell"
#: How long the service may be away before watching ends (seconds).
AWAY_SECONDS: Final = 30.0

T = TypeVar("T")


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
        live: Callable[[str], Live | None] = lambda _model: None,
        end: Callable[[Live | None], Ending | None] = lambda _live: None,
    ) -> None:
        """`live`: which version of a model answers; `end`: what came of a train that is over, beside that one."""
        self._live = live
        self._end = end
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

    def show(self, out: TextIO | None = None) -> None:
        """Show a bar until the task is over, and what came of a train: in a notebook as a page that is drawn anew, in a
        terminal as a line, elsewhere as lines. `out`: where, if not on the standard output.

        An interrupt ends the watching, not the task."""
        shell = _shell() if out is None else None
        if shell not in (None, TERMINAL):
            self._show_page()
            return
        out, live = out or sys.stdout, self._live_before()
        show(self.steps(), out)
        if (found := self._ended(live)) is not None:
            print(*found.lines(), sep="\n", file=out)

    def _ipython_display_(self) -> None:
        # Only IPython calls this, for the last line of a cell; in a terminal it has no pages to show.
        self.show()

    def _show_page(self) -> None:
        from IPython.display import HTML, display

        live = self._live_before()
        shown, seen = display(HTML("waiting"), display_id=True), LiveCurve()
        page = ""
        for look in self.steps():
            if look.progress is not None:
                seen.add(look.task, look.progress)
            page = bar(look) + drawing(seen.curve)
            shown.update(HTML(page))
        if (found := self._ended(live)) is not None:
            shown.update(HTML(page + found.html()))

    def _live_before(self) -> Live | None:
        """Which version answers, before a train of the model is over. What cannot be seen is left out."""
        with suppress(ServiceError):
            task = self._look()
            return self._live(task.model) if task.kind is Kind.TRAIN else None
        return None

    def _ended(self, live: Live | None) -> Ending | None:
        """What came of a train. One that failed says so by its state, and raises where its result is asked for."""
        with suppress(ServiceError, TimeoutError):
            return self._end(live)
        return None


def _shell() -> str | None:
    """What kind of IPython runs here; None if it is none."""
    if "IPython" not in sys.modules:
        return None
    from IPython import get_ipython

    shell = get_ipython()
    return None if shell is None else type(shell).__name__
