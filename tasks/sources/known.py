"""The sources that the operator named, for those who are asked by users. Imports settings and errors alone."""

from __future__ import annotations

import logging

from tasks.config.areas.work import WorkSettings
from tasks.config.sources_file import DataSource
from tasks.errors import SettingsError

log = logging.getLogger(__name__)


def known_sources(settings: WorkSettings) -> dict[str, DataSource]:
    """All of them, by name, as the file says now.

    Raises SettingsError where the file cannot be used. Why, which names files of this machine, is for the log.
    """
    try:
        return settings.data_sources
    except SettingsError as error:
        log.error("the sources cannot be used: %s", error)
    raise SettingsError("the operator's file of sources cannot be used now; the log of the service says why")
