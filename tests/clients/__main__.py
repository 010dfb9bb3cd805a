"""Make and install the clients, start a service, try each, and compare what it sees with what plain HTTP says."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from tests.clients import built, generated, packaged
from tests.clients.client import Client
from tests.service import Service

CLIENTS: Final = (*generated.CLIENTS, *packaged.CLIENTS, *built.CLIENTS)


def main(names: Sequence[str]) -> int:
    """Try the clients of these names, or all; 0 if each has seen what there is to see."""
    # Without this, a run that is ended from outside would leave the service behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    if unknown := {*names} - {client.name for client in CLIENTS}:
        sys.exit(f"there is no client {min(unknown)!r}; there are {', '.join(client.name for client in CLIENTS)}")
    chosen = [client for client in CLIENTS if client.name in (names or [client.name])]
    made = {client.name: client.make() for client in chosen}
    failed = False
    with Service() as service:
        for client in chosen:
            faults = seen(client, service, made[client.name])
            print(f"{client.name}: {'; '.join(faults) or 'as over HTTP'}", flush=True)
            failed |= bool(faults)
    return int(failed)


def seen(client: Client, service: Service, made: Path) -> list[str]:
    """In what a client has seen something else than there is; one that ends with an error does not end the others."""
    try:
        return list(client.faults(service, client.name, made))
    except (subprocess.CalledProcessError, AssertionError) as error:
        return [str(error)]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
