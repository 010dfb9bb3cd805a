"""Numbers and names as people read them."""

from __future__ import annotations

import math
from collections.abc import Collection
from decimal import Decimal
from difflib import get_close_matches


def plain(value: float) -> str:
    """Five significant digits, enough to see a metric change, and never less than its whole part; whole numbers in full
    up to a million million. The console's `number` in format.js shows the same."""
    number = float(value)
    if not math.isfinite(number):
        return str(number)
    if number.is_integer() and abs(number) < 1e12:
        return f"{number:,.0f}"
    if 1e-4 <= abs(number) < 1e9:
        digits = max(0, 4 - math.floor(math.log10(abs(number))))
        # Its shortest text is rounded, as browsers do.
        shown = f"{Decimal(repr(number)):,.{digits}f}"
        return shown.rstrip("0").rstrip(".") if digits else shown
    mantissa, _, exponent = f"{number:.3e}".partition("e")
    return f"{mantissa}e{int(exponent):+d}"


def compact(value: float) -> str:
    """A number on an axis: 1,200,000 is 1.2M."""
    for size, letter in ((1e12, "T"), (1e9, "G"), (1e6, "M"), (1e4, "k")):
        if abs(value) >= size:
            return f"{value / (1e3 if letter == 'k' else size):.4g}{letter}"
    return f"{value:.4g}"


def percent(part: float) -> str:
    """A part of 1 in per cent: 0.5 is 50 %, what is small and not 0 is shown as such."""
    if 0 < part < 0.001:
        return "< 0.1 %"
    return f"{part * 100:.1f}".removesuffix(".0") + " %"


def duration(seconds: float) -> str:
    """How long something took."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def meant(name: str, known: Collection[str]) -> str:
    """What to say of a name that there is not: which one was probably meant, or which there are."""
    near = get_close_matches(name[:80], known, n=1)
    return f"did you mean {near[0]!r}?" if near else f"known are {', '.join(known)}"


def shortened(text: str, most: int) -> str:
    """The text, or its beginning and an ellipsis."""
    return text if len(text) <= most else f"{text[: most - 1]}…"


def bytes_shown(count: int) -> str:
    """How many bytes something has."""
    for size, unit in ((2**30, "GiB"), (2**20, "MiB"), (2**10, "KiB")):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} bytes"
