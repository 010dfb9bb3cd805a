"""The clients that generators make: the walk with each, and what plain HTTP says of it."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from tests.clients import generating
from tests.clients.client import Client, told
from tests.clients.sums import make_sums
from tests.clients.walk import ROWS, TABLE
from tests.service import Service

#: Where the walks in Python are found.
ROOT: Final = Path(__file__).parents[2]
#: What work that was just accepted, and work that is over, is told by.
BEGUN: Final = ("queued", "running")
LAST_EVENT: Final = "result"


def walked(command: Sequence[str], service: Service, model: str, folder: Path) -> Iterator[str]:
    """Go the walk, and compare."""
    path = os.pathsep.join((str(folder), str(ROOT)))
    env = {"PASSWORD": service.home.first_password(), "PYTHONPATH": path}
    yield from compared(service, model, told([*command, service.url, model], env=env, cwd=folder))


def in_typescript(service: Service, model: str, folder: Path) -> Iterator[str]:
    """The same, and then the program of the page on clients."""
    yield from walked(("node", "walk.js"), service, model, folder)
    make_sums(service)
    command = ("node", Path(generating.PAGE_PROGRAM).with_suffix(".js"))
    found = subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, "URL": service.url, "TOKEN": service.token()},
        capture_output=True,
        text=True,
    )
    if found.returncode or "predictions" not in found.stdout:
        yield f"the page's program: {found.stdout}{found.stderr}"


def compared(service: Service, model: str, seen: dict[str, Any]) -> Iterator[str]:
    """In what this client has seen something else than there is."""
    answer = service.estimate(model, {"rows": ROWS}, explain="true").json()
    want = {
        "rows": len(TABLE),
        "state": "succeeded",
        "version": answer["version"],
        "refused": "urn:mlservice:error:model-not-initialised",
        **{key: answer[key] for key in ("predictions", "raw", "contributions")},
    }
    yield from (f"{key} is {seen.get(key)!r}, not {value!r}" for key, value in want.items() if seen.get(key) != value)
    if seen.get("accepted") not in BEGUN:
        yield f"the train was accepted as {seen.get('accepted')!r}"
    if not seen.get("events") or seen["events"][-1] != LAST_EVENT:
        yield f"the events were {seen.get('events')!r}"


def _python(module: str) -> Sequence[str]:
    return (sys.executable, "-m", f"tests.clients.{module}")


CLIENTS: Final = (
    Client(
        name="openapi-generator",
        make=generating.openapi_generator,
        faults=partial(walked, _python("with_openapi_generator")),
    ),
    Client(
        name="openapi-python-client",
        make=generating.openapi_python_client,
        faults=partial(walked, _python("with_openapi_python_client")),
    ),
    Client(name="openapi-typescript", make=generating.openapi_typescript, faults=in_typescript),
)
