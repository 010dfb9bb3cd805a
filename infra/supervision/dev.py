"""`mlservice dev`: `up`, whose workers are renewed when the code of an estimator changes."""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.host.control import Supervisor
from infra.supervision import up
from infra.supervision.code_files import changed, code_of, seen_of
from infra.supervision.estimators import check_estimators
from infra.supervision.programs import programs
from infra.supervision.restart import replace
from tasks.config.settings import Settings
from tasks.contract import SYSTEM_FLEET
from tasks.errors import ServiceError, SettingsError
from tasks.estimators.offered import others

#: How often the files are looked at (seconds).
LOOK_SECONDS: Final = 0.5
#: The programs that have an estimator's code: the workers that learn and answer.
RENEWED: Final = [
    program
    for program in programs(embedded=False)
    if program.command[0] == "worker" and SYSTEM_FLEET not in program.command
]


def run(args: argparse.Namespace) -> int:
    """As `up`. Raises SettingsError if there is no estimator whose code could be looked at."""
    return up.run(args, attend=Renewing)


class Renewing:
    """Looks at the files of the estimators that the service has, and has its workers replaced when they have changed.

    Work that was accepted stays: what a worker has begun it finishes, or gives back.
    """

    seconds: float | None = LOOK_SECONDS

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._settings = Settings.load(environment)
        self._supervisor = Supervisor(Path(environment["SOCKETS_DIR"]))
        self._sources = code_of([*others().values(), *self._settings.estimator_paths.values()])
        if not self._sources:
            raise SettingsError(
                "there is no estimator of yours to look at: `pip install -e .` in its project (`mlservice new` writes"
                " one), or name it in MLSERVICE_ESTIMATORS"
            )
        self._running = self._seen = seen_of(self._sources)
        up.say(f"dev: the workers are renewed when files change in {', '.join(map(str, self._sources))}")

    def look(self) -> None:
        """Replace the workers if files have changed, and no more have since the last look."""
        before, self._seen = self._seen, seen_of(self._sources)
        if self._seen != before or not (files := changed(self._running, self._seen)):
            return
        self._running = self._seen
        names = ", ".join(file.name for file in files)
        try:
            check_estimators(self._settings, self._environment)
            began = time.monotonic()
            for program in RENEWED:
                replace(self._supervisor, program)
        except ServiceError as error:
            up.say(f"dev: {names} changed, and the workers go on as they were: {error}")
        else:
            up.say(f"dev: {names} changed; the workers are new after {time.monotonic() - began:.1f} s")
