"""A task in a terminal: one line with a bar that is drawn anew; where no terminal is, a line now and then."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterable
from typing import Final, TextIO

from tasks.watch.looks import Look, state, summary

#: Where no terminal is, progress is told so often (seconds).
LINE_SECONDS: Final = 1.0
#: How wide a bar is, where the terminal has room (characters).
BAR: Final = 24
#: Narrower than this, no bar is drawn: the words say as much (columns).
NARROW: Final = 60
#: Goes to the first column and clears the line (ECMA-48).
_CLEAR: Final = "\r\x1b[K"


def show(looks: Iterable[Look], out: TextIO) -> None:
    """Show what is seen of a task until it is over. Raises what `Watch.steps` does."""
    if out.isatty():
        draw(looks, out)
    else:
        tell(looks, out)


def draw(looks: Iterable[Look], out: TextIO) -> None:
    """One line, drawn anew whenever something has changed."""
    try:
        for look in looks:
            columns = shutil.get_terminal_size().columns
            out.write(f"{_CLEAR}{line(look, width=columns - 1)}")
            out.flush()
    finally:
        out.write("\n")
        out.flush()


def tell(looks: Iterable[Look], out: TextIO) -> None:
    """A line for each state, and for progress now and then."""
    said, told, told_at = "", None, 0.0
    for look in looks:
        task, progress, _ = look
        if (now := state(look)) != said and not task.state.final:
            print(now, file=out, flush=True)
        last = progress is not None and (progress["iteration"] == progress["total"] or task.state.final)
        due = last or time.monotonic() - told_at >= LINE_SECONDS
        if progress is not None and progress != told and due:
            print(summary(progress), file=out, flush=True)
            told, told_at = progress, time.monotonic()
        if task.state.final:
            print(task.state, file=out, flush=True)
        said = now


def line(look: Look, *, width: int) -> str:
    """A task in one line of at most so many characters; what says most of it stands first."""
    task, progress, _ = look
    head = f"{task.kind} of {task.model}: {state(look)}"
    if progress is None:
        return head[:width]
    bar = f" {_bar(progress['iteration'], progress['total'])}" if width >= NARROW else ""
    return f"{head}{bar} {summary(progress)}"[:width]


def _bar(done: int, total: int) -> str:
    filled = BAR * min(done, total) // max(total, 1)
    return f"|{'█' * filled}{'░' * (BAR - filled)}|"
