"""What runs containers: Docker where it answers, else podman."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from tasks.errors import Unavailable

#: Longest time for a command that neither builds nor starts much (seconds).
COMMAND_SECONDS: Final = 120.0
#: Longest time for the build of an image, and for a start or a stop of all (seconds).
LONG_SECONDS: Final = 1800.0


@dataclass(frozen=True, kw_only=True)
class Engine:
    """One engine, as its command line is called."""

    #: `docker` or `podman`.
    command: tuple[str, ...]
    compose: tuple[str, ...]
    #: Options of each build.
    building: tuple[str, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def is_docker(self) -> bool:
        """Whether it is Docker."""
        return self.command[0] == "docker"

    def run(self, *arguments: str, seconds: float = COMMAND_SECONDS, check: bool = True, given: str = "") -> str:
        """What the command says on its standard output, with this on its standard input. Raises Unavailable, with the
        end of what else it says."""
        return self._call((*self.command, *arguments), seconds=seconds, check=check, given=given)

    def with_compose(self, file: Path, *arguments: str) -> str:
        """The same for compose, with this file, whose folder has the project's name."""
        command = (*self.compose, "-f", str(file), *arguments)
        return self._call(command, seconds=LONG_SECONDS, check=True, cwd=file.parent)

    def inspect(self, container: str) -> Any:
        """All that the engine knows of a container."""
        (found,) = json.loads(self.run("inspect", "--type", "container", container))
        return found

    def succeeds(self, *arguments: str) -> bool:
        """Whether the command ends well."""
        done = subprocess.run(
            [*self.command, *arguments],
            env=self._env(),
            capture_output=True,
            check=False,
            timeout=COMMAND_SECONDS,
        )
        return done.returncode == 0

    def _env(self) -> dict[str, str]:
        return {**os.environ, **self.environment}

    def _call(
        self, command: Sequence[str], *, seconds: float, check: bool, given: str = "", cwd: Path | None = None
    ) -> str:
        done = subprocess.run(
            command, env=self._env(), input=given, capture_output=True, text=True, check=False, timeout=seconds, cwd=cwd
        )
        if check and done.returncode:
            raise Unavailable(
                f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-2000:]}{done.stderr[-4000:]}"
            )
        return done.stdout


def docker() -> Engine | None:
    """Docker, if it answers and has compose."""
    found = Engine(command=("docker",), compose=("docker", "compose"))
    usable = shutil.which("docker") and found.succeeds("info") and found.succeeds("compose", "version")
    return found if usable else None


def podman_compose() -> str:
    """The file of podman-compose, of the extra `containers`."""
    return str(Path(sys.executable).with_name("podman-compose"))
