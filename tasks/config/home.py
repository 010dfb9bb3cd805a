"""Where a service is found that `mlservice up` has started: in its home, of which every process may know."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from tasks.config.redis_file import REDIS_FILE
from tasks.config.settings import Settings, config_folder
from tasks.config.values import PREFIX
from tasks.errors import Unavailable

#: Names the folder of the service; where it is, if nothing does.
HOME: Final = f"{PREFIX}HOME"
DEFAULT_HOME: Final = ".mlservice"
#: In the home: what the last `mlservice up` has settled, by variable; and where the service answers that runs now.
REMEMBERED: Final = "secrets/environment.json"
RUNNING: Final = "run/service.json"


def remembered(home: Path) -> dict[str, str]:
    """What the last `mlservice up` in this home has settled, by variable; nothing if there was none."""
    try:
        found: dict[str, str] = json.loads((home / REMEMBERED).read_text())
    except FileNotFoundError:
        return {}
    return found


def environment_of(home: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The variables with which the service of this home is reached; what the environment says comes first.

    Raises Unavailable if neither they nor a file in the folder of configuration say where Redis is.
    """
    values = {**remembered(home), **environ}
    if "REDIS_URL" not in values and not (config_folder(values) / REDIS_FILE).exists():
        raise Unavailable(
            f"no service was started in {home}: give the home of one (--home or {HOME}), or set REDIS_URL to its Redis"
        )
    return values


def find(redis_url: str | None = None, environ: Mapping[str, str] = os.environ) -> Settings:
    """The settings of the service at this URL, or that the environment names. Raises Unavailable, SettingsError."""
    if redis_url:
        return Settings.load({**environ, "REDIS_URL": redis_url})
    return Settings.load(environment_of(Path(environ.get(HOME, DEFAULT_HOME)), environ))


def service_url(environ: Mapping[str, str] = os.environ) -> str:
    """Where the service of the home answers over HTTP; empty if none runs there, or another Redis is named."""
    if "REDIS_URL" in environ:
        return ""
    try:
        found: dict[str, str] = json.loads((Path(environ.get(HOME, DEFAULT_HOME)) / RUNNING).read_text())
    except (OSError, ValueError):
        return ""
    return found.get("url", "")
