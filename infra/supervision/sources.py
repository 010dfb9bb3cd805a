"""Whether the sources that the settings name can be used, before a service starts."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from infra.host.home import SOURCES_FILE
from tasks.config.settings import Settings
from tasks.errors import SettingsError


def check_sources(settings: Settings, environ: Mapping[str, str]) -> None:
    """Raise SettingsError, which names file and source, for a file of sources that cannot be used, and for one that the
    environment names and that is not there. No source is asked whether it answers."""
    named = environ.get(SOURCES_FILE)
    if named and not Path(named).is_file():
        raise SettingsError(f"{SOURCES_FILE}={named} is no file: write one, or unset it")
    _ = settings.data_sources
