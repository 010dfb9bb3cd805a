"""What `make test-clients` knows of a client."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.service import Service


@dataclass(frozen=True, kw_only=True)
class Client:
    """One client, and how it is tried."""

    name: str
    #: Makes or installs it, before a service is started; gives what `faults` needs.
    make: Callable[[], Path]
    #: In what it has seen something else than there is, by the service and what was made.
    faults: Callable[[Service, str, Path], Iterator[str]]


def told(command: Sequence[str | Path], *, env: Mapping[str, str], cwd: Path | None = None) -> dict[str, Any]:
    """What a program tells in its last line. Raises CalledProcessError, after what it has said, if it ended with an
    error. Secrets go by `env`: everybody can see arguments."""
    done = subprocess.run(command, cwd=cwd, env={**os.environ, **env}, stdout=subprocess.PIPE, check=True)
    said: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return said
