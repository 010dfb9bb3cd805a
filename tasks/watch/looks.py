"""What is seen of a task, and how it is said."""

from __future__ import annotations

import html
from typing import Any, NamedTuple

from tasks.formatting import plain
from tasks.ledger.groups import Task


class Look(NamedTuple):
    """What was seen of a task: its progress object, None before there is one, and its place in the queue, None unless
    it waits in one."""

    task: Task
    progress: dict[str, Any] | None
    position: int | None


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
