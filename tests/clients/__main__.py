"""Make the clients, start a service, go the walk with each, and compare with what plain HTTP says."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from tests.clients import generating
from tests.clients.walk import ROWS, TABLE
from tests.service import Service

#: Where the walks in Python are found.
ROOT: Final = Path(__file__).parents[2]
#: What work that was just accepted, and work that is over, is told by.
BEGUN: Final = ("queued", "running")
LAST_EVENT: Final = "result"


@dataclass(frozen=True, kw_only=True)
class Client:
    """One generator, and how the walk with its client is begun."""

    name: str
    make: Callable[[], Path]
    command: tuple[str, ...]


CLIENTS: Final = (
    Client(
        name="openapi-generator",
        make=generating.openapi_generator,
        command=(sys.executable, "-m", "tests.clients.with_openapi_generator"),
    ),
    Client(
        name="openapi-python-client",
        make=generating.openapi_python_client,
        command=(sys.executable, "-m", "tests.clients.with_openapi_python_client"),
    ),
    Client(name="openapi-typescript", make=generating.openapi_typescript, command=("node", "walk.js")),
)


def main(names: Sequence[str]) -> int:
    """Go the walk with the clients of these names, or with all; 0 if each has seen what there is to see."""
    # Without this, a run that is ended from outside would leave the service behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if unknown := {*names} - {client.name for client in CLIENTS}:
        sys.exit(f"there is no client {min(unknown)!r}; there are {', '.join(client.name for client in CLIENTS)}")
    chosen = [client for client in CLIENTS if client.name in (names or [client.name])]
    folders = {client.name: client.make() for client in chosen}
    failed = False
    with Service() as service:
        for client in chosen:
            faults = list(compared(service, client.name, walked(service, client, folders[client.name])))
            print(f"{client.name}: {'; '.join(faults) or 'as over HTTP'}", flush=True)
            failed |= bool(faults)
    return int(failed)


def walked(service: Service, client: Client, folder: Path) -> dict[str, Any]:
    """What the client has told. Raises CalledProcessError, after what it has said, if it ended with an error."""
    # Not among the arguments, which everybody can see.
    secret = {"PASSWORD": service.home.admin_password.read_text().strip()}
    path = os.pathsep.join((str(folder), str(ROOT)))
    done = subprocess.run(
        [*client.command, service.url, client.name],
        cwd=folder,
        env={**os.environ, **secret, "PYTHONPATH": path},
        stdout=subprocess.PIPE,
        check=True,
    )
    told: dict[str, Any] = json.loads(done.stdout)
    return told


def compared(service: Service, model: str, told: dict[str, Any]) -> Iterator[str]:
    """In what this client has seen something else than there is."""
    answer = service.estimate(model, {"rows": ROWS}, explain="true").json()
    want = {
        "rows": len(TABLE),
        "state": "succeeded",
        "version": answer["version"],
        "refused": "urn:mlservice:error:model-not-initialised",
        **{key: answer[key] for key in ("predictions", "raw", "contributions")},
    }
    yield from (f"{key} is {told.get(key)!r}, not {value!r}" for key, value in want.items() if told.get(key) != value)
    if told.get("accepted") not in BEGUN:
        yield f"the train was accepted as {told.get('accepted')!r}"
    if not told.get("events") or told["events"][-1] != LAST_EVENT:
        yield f"the events were {told.get('events')!r}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
