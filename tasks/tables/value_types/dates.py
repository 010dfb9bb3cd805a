"""Dates and moments in writing: ISO 8601, the same with slashes, with the name of a month, or a given format."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.value_types.month_names import as_iso

#: The Arrow type of all dates and moments: without zone; UTC where the writing has one.
MOMENT: Final = pa.timestamp("us")

_ISO: Final = (
    r"^(?P<year>[0-9]{4})[-/](?P<month>[0-9]{2})[-/](?P<day>[0-9]{2})"
    r"(?:[T ](?P<hour>[0-9]{2})(?::?(?P<minute>[0-9]{2})(?::?(?P<second>[0-9]{2})(?:[.,](?P<fraction>[0-9]{1,9}))?)?)?"
    r"(?: ?(?P<zone>Z|UTC|[+-][0-9]{2}(?::?[0-9]{2})?))?)?$"
)
_MINUTE: Final = 60
_HOUR: Final = 3600
_MICROS: Final = 1_000_000

Whole = npt.NDArray[np.int64]


def parse(texts: pa.StringArray) -> pa.TimestampArray:
    """The moment of each ISO 8601 date or date and time, also with slashes in the date or the English name of the month
    (`Jan 1 2000`, `1-Jan-2000 10:30`); null for any other text.

    A zone or offset is turned into UTC; what is finer than microseconds is cut off.
    """
    try:
        return texts.cast(MOMENT)
    except pa.ArrowInvalid:
        found = _parse(texts)
        return found if found.null_count == texts.null_count else pc.coalesce(found, _parse(as_iso(texts)))


def has_zone(texts: pa.StringArray) -> pa.BooleanArray:
    """Which ISO texts have a zone or an offset."""
    return pc.match_substring_regex(texts, r"[T ][0-9:.,]+ ?(?:Z|UTC|[+-][0-9:]+)$")


def parse_format(texts: pa.StringArray, form: str) -> pa.TimestampArray:
    """The moment of each text by a format of `strptime`; null for those that do not have it. An offset is turned into
    UTC."""
    found = pc.strptime(texts, format=form, unit="us", error_is_null=True)
    if found.type.tz is not None:
        return found.cast(MOMENT)
    # strptime takes the 31st of February for the 3rd of March: written again, a date has to be what it was.
    again = pc.strftime(found.cast(pa.timestamp("s"), safe=False), format=form)
    return pc.if_else(pc.equal(_bare(again), _bare(texts)), found, None)


def _bare(texts: pa.StringArray) -> pa.StringArray:
    """The texts in small letters, without zeros before digits."""
    return pc.replace_substring_regex(pc.utf8_lower(texts), r"\b0+([0-9])", r"\1")


def _parse(texts: pa.StringArray) -> pa.TimestampArray:
    parts = pc.extract_regex(texts, _ISO)
    if not parts.is_valid().true_count:
        return pa.nulls(len(texts), MOMENT)
    ok = np.asarray(parts.is_valid().to_numpy(zero_copy_only=False))
    field = {name: _whole(parts.field(name), ok) for name in ("year", "month", "day", "hour", "minute", "second")}
    months = (field["year"] - 1970) * 12 + field["month"] - 1
    first = months.astype("datetime64[M]").astype("datetime64[D]")
    length = ((months + 1).astype("datetime64[M]").astype("datetime64[D]") - first).astype(np.int64)
    ok &= (field["month"] >= 1) & (field["month"] <= 12) & (field["day"] >= 1) & (field["day"] <= length)
    ok &= (field["hour"] < 24) & (field["minute"] < 60) & (field["second"] < 60)
    days = first.astype(np.int64) + field["day"] - 1
    seconds = days * 24 * _HOUR + field["hour"] * _HOUR + field["minute"] * _MINUTE + field["second"]
    micros = (seconds - _offsets(parts.field("zone"))) * _MICROS + _micros(parts.field("fraction"))
    return pa.array(micros, mask=~ok).cast(MOMENT)


def _whole(digits: pa.StringArray, ok: npt.NDArray[np.bool_]) -> Whole:
    given = pc.if_else(pc.equal(digits, ""), "0", digits)
    whole: Whole = np.asarray(pc.fill_null(given, "0").cast(pa.int64()).to_numpy()) * ok
    return whole


def _micros(fraction: pa.StringArray) -> Whole:
    filled = pc.utf8_slice_codeunits(pc.utf8_rpad(pc.fill_null(fraction, ""), 6, "0"), 0, 6)
    return np.asarray(filled.cast(pa.int64()).to_numpy())


def _offsets(zones: pa.StringArray) -> Whole:
    """Seconds east of Greenwich."""
    found = zones.dictionary_encode()
    known = np.array([_offset(zone) for zone in found.dictionary.to_pylist()] + [0], dtype=np.int64)
    return np.asarray(known[found.indices.fill_null(len(known) - 1).to_numpy()])


def _offset(zone: str) -> int:
    if not zone or zone[0] not in "+-":
        return 0
    digits = zone[1:].replace(":", "").ljust(4, "0")
    return (int(digits[:2]) * _HOUR + int(digits[2:]) * _MINUTE) * (-1 if zone[0] == "-" else 1)
