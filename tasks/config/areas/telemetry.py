"""Logs and traces."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tasks.config.setting import Area, setting
from tasks.config.values import PREFIX
from tasks.errors import SettingsError

#: How logs may be written, and their levels.
LOG_FORMATS: Final = ("auto", "json", "text")
LOG_LEVELS: Final = ("debug", "info", "warning", "error")


@dataclass(frozen=True, kw_only=True)
class TelemetrySettings(Area):
    """What a process tells of itself."""

    log_format: str = setting(
        "auto", doc="How logs are written: `json`, `text`, or `auto`: JSON, but text on a terminal."
    )
    log_level: str = setting("info", doc="The least level that is logged: debug, info, warning, error.")
    traces_endpoint: str = setting(
        "", doc="The OpenTelemetry collector that gets traces over OTLP/HTTP: http://HOST:4318; empty: none is made."
    )
    traces_part: float = setting(
        0.0, doc="The part of the submits without a `traceparent` that is traced nevertheless, from 0 to 1.", zero=True
    )

    def check(self) -> None:
        """Raise SettingsError for a format, a level, a part or an endpoint that is not known."""
        for name, known in (("log_format", LOG_FORMATS), ("log_level", LOG_LEVELS)):
            if (value := getattr(self, name)) not in known:
                raise SettingsError(f"{PREFIX}{name.upper()} must be one of {', '.join(known)}, not {value!r}")
        if not 0 <= self.traces_part <= 1:
            raise SettingsError(f"{PREFIX}TRACES_PART must be from 0 to 1, not {self.traces_part}")
        if self.traces_endpoint and urlsplit(self.traces_endpoint).scheme not in ("http", "https"):
            raise SettingsError(f"{PREFIX}TRACES_ENDPOINT must be an http:// or https:// URL")
