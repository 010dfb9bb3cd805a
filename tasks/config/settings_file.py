"""`mlservice.properties`: any setting, as a line `VARIABLE=value`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

from tasks.config.properties import TOP, read_properties
from tasks.errors import SettingsError

#: Where it lies in a folder of configuration.
SETTINGS_FILE: Final = Path("mlservice.properties")


def file_variables(path: Path, *, known: Iterable[str]) -> dict[str, str]:
    """What the file says, by variable; nothing if there is none.

    Raises SettingsError, which names file and line or variable, for what is not of `known`.
    """
    sections = read_properties(path)
    if sections is None:
        return {}
    if others := sections.keys() - {TOP}:
        raise SettingsError(f"{path}, [{min(others)}]: it has no sections, only lines of VARIABLE=value")
    if wrong := sorted(sections[TOP].keys() - set(known)):
        raise SettingsError(f"{path}, {wrong[0]} is not a setting; the settings are listed by `mlservice settings`")
    return sections[TOP]
