"""Whether the estimators that are not ours are there, before a service starts that could not use them."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping
from typing import Final

from tasks.config.settings import Settings
from tasks.errors import SettingsError
from tasks.estimators.offered import others

#: Longest time for their import (seconds).
IMPORT_SECONDS: Final = 60.0
#: Where an estimator is named.
SETTING: Final = "MLSERVICE_ESTIMATORS"
PACKAGE: Final = "an installed package"
#: Makes each of them, and says of the first that cannot be made why. Whatever their code does is done there.
PROGRAM: Final = f"""\
import sys
from tasks.config.settings import Settings
from tasks.errors import SettingsError
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.offered import others

paths = Settings.load().estimator_paths
for name, path in (others() | paths).items():
    where = "{SETTING}" if name in paths else "{PACKAGE}"
    try:
        Catalogue(paths, threads=1).get(name)
    except SettingsError as error:
        sys.exit(f"{{where}}: {{error}}")
    except BaseException as error:
        sys.exit(f"{{where}}: {{name}}={{path}}: {{type(error).__name__}}: {{error}}")
"""


def check_estimators(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise SettingsError, which names it, if an estimator of the settings or of a package cannot be imported or made.

    In a process of its own, as a worker will import it: models and their libraries are not for this one.
    """
    if not (settings.estimator_paths or others()):
        return
    # Of a process that could not say it.
    where = SETTING if settings.estimator_paths else PACKAGE
    command = [sys.executable, "-P", "-c", PROGRAM]
    try:
        done = subprocess.run(
            command, env=dict(environ), capture_output=True, text=True, check=False, timeout=IMPORT_SECONDS
        )
    except subprocess.TimeoutExpired as error:
        raise SettingsError(f"{where}: the import did not end within {IMPORT_SECONDS:.0f} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines() or [f"{where}: the import ended with {done.returncode}"]
        raise SettingsError(said[-1])
