"""Says so if the passwords of Redis lie where everybody may read them."""

from __future__ import annotations

import logging
import stat
from collections.abc import Mapping

from tasks.config.redis_file import REDIS_FILE
from tasks.config.settings import config_folder

log = logging.getLogger(__name__)


def warn_of_exposure(environ: Mapping[str, str]) -> None:
    """One line, in the log or without one on standard error, if the file with the passwords is read in this environment
    and every user of this machine may read it too."""
    file = config_folder(environ) / REDIS_FILE
    if not environ.get("REDIS_URL") and file.exists() and file.stat().st_mode & stat.S_IROTH:
        log.warning("%s has passwords, and every user of this machine may read it: chmod 600 %s", file, file)
