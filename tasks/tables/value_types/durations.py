"""Times of day and durations in writing: both are seconds."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: `10:30`, `10:30:15.5`, `10:00:00 AM`: since midnight. More than 24 hours are a duration.
_CLOCK: Final = (
    r"^(?P<sign>-?)(?P<hours>[0-9]{1,4}):(?P<minutes>[0-5][0-9])(?::(?P<seconds>[0-5][0-9](?:\.[0-9]+)?))?"
    r"(?: ?(?P<half>[AaPp][Mm]))?$"
)
#: `1 days 02:03:04` (pandas), `1 day, 2:03:04` (Python), `3 days`, `-1 days +23:59:55`.
_DAYS: Final = (
    r"^(?P<days>-?[0-9]{1,9}) days?"
    r"(?:,? \+?(?P<hours>[0-9]{1,2}):(?P<minutes>[0-5][0-9]):(?P<seconds>[0-5][0-9](?:\.[0-9]+)?))?$"
)
#: ISO 8601 without years and months, which have no length: `P1DT2H3M4.5S`.
_ISO: Final = (
    r"^(?P<sign>-?)P(?:(?P<weeks>[0-9]{1,9})W)?(?:(?P<days>[0-9]{1,9})D)?"
    r"(?P<time>T(?:(?P<hours>[0-9]{1,9})H)?(?:(?P<minutes>[0-9]{1,9})M)?(?:(?P<seconds>[0-9]{1,18}(?:\.[0-9]+)?)S)?)?$"
)
_MINUTE: Final = 60.0
_HOUR: Final = 3600.0
_DAY: Final = 24 * _HOUR
_WEEK: Final = 7 * _DAY
_NOON: Final = 12
_DAY_HOURS: Final = 24
_MICROS: Final = 1e6


def parse_time(texts: pa.StringArray) -> pa.DoubleArray:
    """Seconds since midnight of each time of day; null for any other text."""
    parts = pc.extract_regex(texts, _CLOCK)
    hours, half = _number(parts, "hours"), pc.utf8_lower(parts.field("half"))
    if (halved := _mask(pc.is_in(half, value_set=pa.array(["am", "pm"])))).any():
        good = (hours >= 1) & (hours <= _NOON)
        whole = np.where(good, hours % _NOON + _NOON * _mask(pc.equal(half, "pm")), _DAY_HOURS)
        hours = np.where(halved, whole, hours)
    seconds = hours * _HOUR + _number(parts, "minutes") * _MINUTE + _number(parts, "seconds")
    fits = _mask(parts.is_valid()) & ~_mask(pc.equal(parts.field("sign"), "-")) & (hours < _DAY_HOURS)
    return pa.array(to_micros(seconds), mask=~fits)


def parse_duration(texts: pa.StringArray) -> pa.DoubleArray:
    """The seconds of each duration; null for any other text. `36:00:00` is one, and so is `12:00:00`."""
    clock, days, iso = (pc.extract_regex(texts, pattern) for pattern in (_CLOCK, _DAYS, _ISO))
    in_clock = _sign(clock) * (_number(clock, "hours") * _HOUR + _rest(clock))
    in_days = _number(days, "days") * _DAY + _number(days, "hours") * _HOUR + _rest(days)
    in_iso = _number(iso, "weeks") * _WEEK + _number(iso, "days") * _DAY + _number(iso, "hours") * _HOUR + _rest(iso)
    bare = pc.is_in(texts, value_set=pa.array(["P", "-P", "PT", "-PT"]))
    clock_ok = pc.and_(clock.is_valid(), pc.equal(clock.field("half"), ""))
    iso_ok = pc.and_not(iso.is_valid(), bare)
    seconds = np.where(_mask(clock_ok), in_clock, np.where(_mask(iso_ok), _sign(iso) * in_iso, in_days))
    return pa.array(to_micros(seconds), mask=~_mask(pc.or_(pc.or_(clock_ok, iso_ok), days.is_valid())))


def to_micros(seconds: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Seconds to the nearest microsecond, however they were summed up."""
    return np.asarray(np.round(seconds * _MICROS) / _MICROS)


def _rest(parts: pa.StructArray) -> npt.NDArray[np.float64]:
    return _number(parts, "minutes") * _MINUTE + _number(parts, "seconds")


def _number(parts: pa.StructArray, name: str) -> npt.NDArray[np.float64]:
    """A part as numbers, 0 where it is not there."""
    digits = parts.field(name)
    given = pc.if_else(pc.equal(digits, ""), None, digits).cast(pa.float64())
    return np.asarray(pc.fill_null(given, 0.0).to_numpy())


def _sign(parts: pa.StructArray) -> npt.NDArray[np.float64]:
    return np.where(_mask(pc.equal(parts.field("sign"), "-")), -1.0, 1.0)


def _mask(values: pa.BooleanArray) -> npt.NDArray[np.bool_]:
    return np.asarray(pc.fill_null(values, False).to_numpy(zero_copy_only=False), dtype=np.bool_)
