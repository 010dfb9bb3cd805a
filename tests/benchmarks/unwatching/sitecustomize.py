"""Gives a service a switch by which counters and events go off and on while it runs, so that what they cost can be
measured in the same processes. What else watches it needs none.

Python imports this at the start of every process whose PYTHONPATH has this folder, before any code of the service; a
setting for it would be one that nobody else needs. What is quiet here is checked where it is measured.
"""

from __future__ import annotations

import mmap
import os
import pathlib
from typing import Final

from celery.events import EventDispatcher

import tasks.storage.scripts

#: Names the file of one byte that is the switch of events: other than 0 while there are none.
SWITCH: Final = "UNWATCHED_SWITCH"
#: The key that is the switch of counters: while it is there, nothing is counted. Scripts look for it in any case.
SWITCH_KEY: Final = "ml:unwatched"
#: The files of Lua that count work, each a part of a script.
COUNTING: Final = {"count_accepted", "count_ended"}

_read = tasks.storage.scripts.read


def read(path: str) -> str:
    """As the service's; what counts heeds the switch."""
    text = _read(path)
    if pathlib.PurePath(path).stem not in COUNTING:
        return text
    return f"if redis.call('EXISTS', '{SWITCH_KEY}') == 0 then\n{text}\nend\n"


def install(path: str) -> None:
    """Put in both switches."""
    with pathlib.Path(path).open("rb") as file:
        off = mmap.mmap(file.fileno(), 1, prot=mmap.PROT_READ)

    def enabled(dispatcher: EventDispatcher) -> bool:
        return bool(vars(dispatcher)["enabled"]) and not off[0]

    def enable(dispatcher: EventDispatcher, value: bool) -> None:
        vars(dispatcher)["enabled"] = value

    tasks.storage.scripts.read = read  # type: ignore[assignment]
    EventDispatcher.enabled = property(enabled, enable)


if switch := os.environ.get(SWITCH):
    install(switch)
