"""Says so if the passwords of Redis lie where everybody may read them."""

from __future__ import annotations

import logging
import stat
from collections.abc import Mapping

from tasks.config.redis_file import REDIS_FILE
from tasks.config.settings import config_folder
from tasks.config.settings_file import SETTINGS_FILE

log = logging.getLogger(__name__)


def warn_of_exposure(environ: Mapping[str, str]) -> None:
    """One line, in the log or without one on standard error, if a file with passwords is read in this environment
    and every user of this machine may read it too."""
    folder = config_folder(environ)
    for file in [folder / SETTINGS_FILE, *([] if environ.get("REDIS_URL") else [folder / REDIS_FILE])]:
        if file.exists() and file.stat().st_mode & stat.S_IROTH:
            log.warning("%s may have passwords, and every user of this machine may read it: chmod 600 %s", file, file)
