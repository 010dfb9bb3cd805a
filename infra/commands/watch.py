"""`mlservice watch ID`: a task in the terminal until it is over."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from typing import Final

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.text import Text

from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from tasks.calling.handle import Handle
from tasks.client import Client
from tasks.formatting import plain
from tasks.registry.curve import Curve, shown_range
from tasks.watch.live_curve import LiveCurve
from tasks.watch.looks import Look, state, times
from tasks.watch.terminal import tell
from tasks.watch.watching import Watch

#: Time for a result that is there (seconds).
RESULT_SECONDS: Final = 30.0
WIDTH: Final = 60
_GAP: Final = "  "
_BLOCKS: Final = "▁▂▃▄▅▆▇█"


def run(args: argparse.Namespace) -> int:
    """Show the task; 0 if it succeeded. Raises its error, UnknownTask, Unavailable. An interrupt leaves it running."""
    settings = settings_of(Home(args.home), os.environ)
    with redis_of(settings) as client:
        # While it watches it has patience; whether anybody is there is said at once.
        client.ping()
        handle = Client(settings.redis_url).handle(args.id)
        try:
            _show(handle.watch())
        except KeyboardInterrupt:
            print(f"{args.id} goes on; `mlservice watch {args.id}` shows it again", file=sys.stderr)
            raise
        return _end(handle)


def _show(watch: Watch) -> None:
    console = Console(markup=False, highlight=False, emoji=False)
    if console.is_terminal:
        _live(watch, console)
    else:
        tell(watch.steps(), sys.stdout)


def _live(watch: Watch, console: Console) -> None:
    seen = LiveCurve()
    with Live(console=console, auto_refresh=False) as live:
        for look in watch.steps():
            if look.progress is not None:
                seen.add(look.task, look.progress)
            live.update(view(look, seen.curve, width=console.width), refresh=True)


def view(look: Look, curve: Curve, *, width: int) -> Group:
    """What a terminal of so many columns shows of a task. All lines of the curve have the same scale of iterations."""
    task, progress, _ = look
    head = Text(f"{task.kind} of {task.model}: {state(look)}", style="bold", overflow="ellipsis", no_wrap=True)
    if progress is None:
        return Group(head)
    done = ProgressBar(total=progress["total"], completed=progress["iteration"], width=min(WIDTH, width))
    rows = [(f"{part} {name}", part, name) for part, line in curve.lines.items() for name in line.metrics]
    last = {label: plain(curve.lines[part].metrics[name][-1]) for label, part, name in rows}
    names = max(map(len, last), default=0)
    # The newest value is what a narrow terminal must not cut off.
    room = max(1, min(WIDTH, width - names - max(map(len, last.values()), default=0) - 2 * len(_GAP)))
    lines = [
        Text(_GAP.join((f"{label:<{names}}", _drawn(curve, part, name, width=room), last[label])), no_wrap=True)
        for label, part, name in rows
    ]
    return Group(head, done, Text(times(progress)), *lines)


def _drawn(curve: Curve, part: str, name: str, *, width: int) -> str:
    line = curve.lines[part]
    span = (
        min(other.iterations[0] for other in curve.lines.values()),
        max(other.iterations[-1] for other in curve.lines.values()),
    )
    points = list(zip(line.iterations, line.metrics[name], strict=True))
    return sparkline(points, span=span, bounds=shown_range(curve, name, parts=(part,)), width=width)


def sparkline(
    points: Sequence[tuple[int, float]], *, span: tuple[int, int], bounds: tuple[float, float], width: int = WIDTH
) -> str:
    """A value by iteration as a line of blocks: `span` is the first and the last iteration of the line, `bounds` the
    values of the lowest and the highest block. A column shows the newest value by then, nothing before the first."""
    (first, last), (low, high) = span, bounds
    columns = min(width, last - first + 1)
    scale = (len(_BLOCKS) - 1) / (high - low) if high > low else 0
    text, place = "", -1
    for column in range(1, columns + 1):
        until = first - 1 + column * (last - first + 1) // columns
        while place + 1 < len(points) and points[place + 1][0] <= until:
            place += 1
        text += _BLOCKS[round((min(max(points[place][1], low), high) - low) * scale)] if place >= 0 else " "
    return text


def _end(handle: Handle) -> int:
    result = handle.result(timeout=RESULT_SECONDS)
    if isinstance(result, dict) and "version" in result and "metrics" in result:
        metrics = ", ".join(f"{name} {plain(value)}" for name, value in result["metrics"].items())
        print(f"version {result['version']}: {metrics}{'' if result['promoted'] else ' (not promoted)'}")
    return 0
