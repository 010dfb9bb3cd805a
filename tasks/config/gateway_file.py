"""`gateway/config.properties` of the original service: the life of a token."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path
from typing import Final

from tasks.config.properties import TOP, read_properties, refuse_others
from tasks.errors import SettingsError

#: Where it lies in a folder of configuration.
GATEWAY_FILE: Final = Path("gateway", "config.properties")
#: Its section, and the keys in it.
SECTION: Final = "auth_info"
EXPIRY: Final = "expiry"
UNIT: Final = "expiry_time_unit"
#: Seconds of each unit.
UNITS: Final = {
    "days": Decimal(86400),
    "seconds": Decimal(1),
    "microseconds": Decimal("0.000001"),
    "milliseconds": Decimal("0.001"),
    "minutes": Decimal(60),
    "hours": Decimal(3600),
    "weeks": Decimal(7 * 86400),
}
#: The longest life: 100 years.
LONGEST_SECONDS: Final = 100 * 366 * 86400

_NUMBER: Final = re.compile(r"[0-9]{1,20}(\.[0-9]{1,20})?")


def token_life_seconds(path: Path) -> int | None:
    """The life of a token in whole seconds, rounded down; None if there is no such file, or nothing in it.

    Raises SettingsError, which names file, section and key.
    """
    sections = read_properties(path)
    if sections is None:
        return None
    for name, keys in sections.items():
        if name != SECTION and (name != TOP or keys):
            what = f"[{name}]" if name else next(iter(keys))
            raise SettingsError(f"{path}, {what}: [{SECTION}] is the only section, and all keys stand below it")
    given = sections.get(SECTION, {})
    if not given:
        return None
    where = f"{path}, [{SECTION}]"
    refuse_others(where, given, known=(EXPIRY, UNIT))
    unit = given.get(UNIT, "").strip()
    if unit not in UNITS:
        what = f"must not be {unit!r}" if unit else "is missing"
        raise SettingsError(f"{where}, {UNIT} {what}: write one of {', '.join(UNITS)}")
    return _seconds(given.get(EXPIRY, "").strip(), unit, where=where)


def _seconds(text: str, unit: str, *, where: str) -> int:
    if not _NUMBER.fullmatch(text):
        what = f"must be a positive number, not {text!r}" if text else "is missing"
        raise SettingsError(f"{where}, {EXPIRY} {what}: write how many {unit} a token lives, such as {EXPIRY}=60")
    seconds = Decimal(text) * UNITS[unit]
    if not 1 <= seconds <= LONGEST_SECONDS:
        raise SettingsError(
            f"{where}, {EXPIRY} {text} {unit} is too {'short' if seconds < 1 else 'long'}: a token lives at least"
            f" 1 second and at most 100 years; change {EXPIRY} or {UNIT}"
        )
    return int(seconds)
