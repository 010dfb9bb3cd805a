"""The routes of the original service, which know one model."""

from __future__ import annotations

from dataclasses import dataclass

from tasks.config.areas.work import WorkSettings
from tasks.config.setting import setting
from tasks.config.values import PREFIX
from tasks.contract import MODEL_NAME, MODEL_NAME_RULE
from tasks.errors import SettingsError


@dataclass(frozen=True, kw_only=True)
class OriginalSettings(WorkSettings):
    """Its model, and where its data comes from: one of the sources of the other work."""

    default_model: str = setting("default", doc="The model of the original routes, /resource/*.")
    default_source: str = setting("", doc="The one of the sources that /resource/init reads.")
    default_target: str = setting("", doc="The column that /resource/init has it learn.")

    def check(self) -> None:
        """Raise SettingsError for a model that cannot be called so, a source that is not named, a missing target."""
        if MODEL_NAME.fullmatch(self.default_model) is None:
            raise SettingsError(f"{PREFIX}DEFAULT_MODEL must be {MODEL_NAME_RULE}, not {self.default_model!r}")
        if self.default_source and self.default_source not in (known := self.data_sources):
            names = ", ".join(sorted(known)) or "none"
            raise SettingsError(f"{PREFIX}DEFAULT_SOURCE must be one of {PREFIX}SOURCES or its file ({names})")
        if self.default_source and not self.default_target:
            raise SettingsError(f"{PREFIX}DEFAULT_TARGET must name the column of {self.default_source} to be learned")
