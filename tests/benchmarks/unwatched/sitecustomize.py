"""Takes from a service what watches it, so that its cost can be measured: counters, events, access log, Flower.

Python imports this at the start of every process whose PYTHONPATH has this folder, before any code of the service; a
setting for it would be one that nobody else needs. What is quiet here is checked where it is measured.

With WATCHED in the environment nothing is taken: the imports alone make a process a little faster or slower.
"""

from __future__ import annotations

import os
import pathlib
import re
from typing import Any

import infra.nginx.proxy
import infra.supervision.programs
import infra.supervision.serving
import tasks.storage.scripts

#: What keeps everything as it is.
WATCHED = "WATCHED"

#: The files of Lua that count work, each a part of a script.
COUNTING = {"count_accepted", "count_ended"}

_worker_options, _programs, _nginx_conf, _read = (
    infra.supervision.serving.worker_options,
    infra.supervision.programs.programs,
    infra.nginx.proxy.nginx_conf,
    tasks.storage.scripts.read,
)


def worker_options(*args: Any, **named: Any) -> dict[str, Any]:
    """As the service's, without events of any kind."""
    return {**_worker_options(*args, **named), "task_events": False, "without_heartbeat": True}


def programs(*, embedded: bool, mcp: bool = False) -> list[infra.supervision.programs.Program]:
    """As the service's, without Flower."""
    return [program for program in _programs(embedded=embedded, mcp=mcp) if program.name != "flower"]


def nginx_conf(*args: Any, **named: Any) -> str:
    """As the service's, without the access log."""
    return re.sub(r"access_log /dev/stdout[^;]*;", "access_log off;", _nginx_conf(*args, **named))


def read(path: str) -> str:
    """As the service's, without what counts."""
    return "" if pathlib.PurePath(path).stem in COUNTING else _read(path)


def unwatch() -> None:
    """Take it."""
    tasks.storage.scripts.read = read  # type: ignore[assignment]
    infra.supervision.serving.worker_options = worker_options
    infra.supervision.programs.programs = programs
    infra.nginx.proxy.nginx_conf = nginx_conf


if WATCHED not in os.environ:
    unwatch()
