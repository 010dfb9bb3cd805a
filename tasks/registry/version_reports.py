"""Where the pages are that show versions, or why there is none."""

from __future__ import annotations

import time
from typing import Any, Final

import msgspec
import redis

from tasks.redis_keys import REPORTS_KEY, VERSIONS_KEY
from tasks.storage.scripts import register

#: A report that was not there so long after it was begun is not waited for: its worker has ended, most likely.
DRAWN_SECONDS: Final = 60.0


class Report(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Where the page is that shows a version, or why there is none."""

    #: Blob of the HTML document; empty if there is none.
    digest: str = ""
    reason: str = ""
    #: When a worker began to draw it, in seconds since the epoch; 0 once it is known whether there is one.
    began: float = 0.0

    @property
    def awaited(self) -> bool:
        """Whether it is being drawn, as far as one can know."""
        return 0 < time.time() - self.began < DRAWN_SECONDS


#: How often one who waits for a report looks for it, in seconds.
LOOK_SECONDS: Final = 0.1

_encode = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(Report).decode


class VersionReports:
    """What is known of reports in one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client
        self._set = register(client, "tasks/registry/lua/set_report.lua")

    def set(self, model: str, version: int, report: Report) -> None:
        """Say where the report of a version is; nothing if the version has gone meanwhile."""
        keys = [key.format(model=model) for key in (VERSIONS_KEY, REPORTS_KEY)]
        self._set(keys=keys, args=[version, _encode(report)])

    def get(self, model: str, version: int) -> Report | None:
        """What is known of a version's report; None if that was never said."""
        record: Any = self._redis.hget(REPORTS_KEY.format(model=model), str(version))
        return _read(record) if record is not None else None


def drawn(reports: VersionReports, model: str, version: int) -> Report | None:
    """What is known of a version's report; one that is being drawn is waited for."""
    while (report := reports.get(model, version)) is not None and report.awaited:
        time.sleep(LOOK_SECONDS)
    return report
