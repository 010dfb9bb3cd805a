"""`mlservice watch ID`: a task in the terminal until it is over."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Iterable
from typing import Any, Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from infra.home import Home
from infra.running import redis_of, settings_of
from tasks.client import Client, Handle
from tasks.groups import Task
from tasks.watching import Watch, summary, times

#: Where no terminal is, progress is told so often (seconds).
LINE_SECONDS: Final = 1.0
#: Time for a result that is there (seconds).
RESULT_SECONDS: Final = 30.0
WIDTH: Final = 60
_GAP: Final = "  "
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def run(args: argparse.Namespace) -> int:
    """Show the task; 0 if it succeeded. Raises its error, UnknownTask, Unavailable. An interrupt leaves it running."""
    settings = settings_of(Home(args.home), os.environ)
    with redis_of(settings):
        handle = Client(settings.redis_url).handle(args.id)
        try:
            _show(Watch(handle.task))
        except KeyboardInterrupt:
            print(f"{args.id} goes on; `mlservice watch {args.id}` shows it again", file=sys.stderr)
            raise
        return _end(handle)


def _show(watch: Watch) -> None:
    console = Console(markup=False, highlight=False, emoji=False)
    if console.is_terminal:
        _live(watch, console)
    else:
        _lines(watch)


def _live(watch: Watch, console: Console) -> None:
    curves: dict[str, list[float]] = {}
    known = None
    with Live(console=console, auto_refresh=False) as live:
        for task, progress in watch.steps():
            if progress is not None and progress != known:
                add(curves, progress)
            known = progress
            live.update(view(task, progress, curves, width=console.width), refresh=True)


def _lines(watch: Watch) -> None:
    state, told, told_at = None, None, 0.0
    for task, progress in watch.steps():
        if task.state is not state and not task.state.final:
            print(task.state, flush=True)
        last = progress is not None and (progress["iteration"] == progress["total"] or task.state.final)
        due = last or time.monotonic() - told_at >= LINE_SECONDS
        if progress is not None and progress != told and due:
            print(summary(progress), flush=True)
            told, told_at = progress, time.monotonic()
        if task.state.final:
            print(task.state, flush=True)
        state = task.state


def add(curves: dict[str, list[float]], progress: dict[str, Any]) -> None:
    """Go on with each curve."""
    for part, values in progress["metrics"].items():
        for name, value in values.items():
            curves.setdefault(f"{part} {name}", []).append(value)


def view(task: Task, progress: dict[str, Any] | None, curves: dict[str, list[float]], *, width: int) -> Group:
    """What a terminal of so many columns shows of a task."""
    head = Text(f"{task.kind} of {task.model}: {task.state}", style="bold", overflow="ellipsis", no_wrap=True)
    if progress is None:
        return Group(head)
    done = ProgressBar(total=progress["total"], completed=progress["iteration"], width=min(WIDTH, width))
    names, last = max(map(len, curves), default=0), {name: f"{values[-1]:.4g}" for name, values in curves.items()}
    # The newest value is what a narrow terminal must not cut off.
    room = min(WIDTH, width - names - max(map(len, last.values()), default=0) - 2 * len(_GAP))
    lines = [
        Text(_GAP.join((f"{name:<{names}}", sparkline(values, width=max(1, room)), last[name])), no_wrap=True)
        for name, values in curves.items()
    ]
    return Group(head, done, Text(times(progress)), *lines)


def sparkline(values: Iterable[float], *, width: int = WIDTH) -> str:
    """The values as a line of blocks, thinned to a width."""
    known = list(values)
    step = max(1, -(-len(known) // width))
    known = known[::-1][::step][::-1]
    low, high = min(known), max(known)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0
    return "".join(_BLOCKS[round((value - low) * scale)] for value in known)


def _end(handle: Handle) -> int:
    result = handle.result(timeout=RESULT_SECONDS)
    if isinstance(result, dict) and "version" in result and "metrics" in result:
        metrics = ", ".join(f"{name} {value:.4g}" for name, value in result["metrics"].items())
        print(f"version {result['version']}: {metrics}{'' if result['promoted'] else ' (not promoted)'}")
    return 0
