"""What texts look like at first sight. Arrow's regular expressions are compiled anew for each column, which costs more
than a look at some texts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal

from tasks.tables.value_types.month_names import is_likely

Shape = Literal["number", "percent", "date", "time", "duration", "boolean"]

_NUMERIC: Final = frozenset("0123456789+-.")
#: Year, month, day: in this order no other is meant.
_SEPARATORS: Final = frozenset("-/")
_TRUTHS: Final = frozenset({"t", "f", "true", "false"})
_INFINITE: Final = frozenset({"inf", "infinity"})


def likely_shape(texts: Iterable[str | None], weights: Iterable[int], *, share: float) -> Shape | None:
    """What so large a share of the texts looks like, each as often as its weight says; None if there is no such."""
    found: dict[Shape | None, int] = {}
    for text, weight in zip(texts, weights, strict=True):
        if text is not None:
            shape = shape_of(text)
            found[shape] = found.get(shape, 0) + weight
    return next((shape for shape, weight in found.items() if shape and weight >= share * sum(found.values())), None)


def shape_of(text: str) -> Shape | None:
    """What a text (without blanks around it) looks like."""
    if text[:1] not in _NUMERIC:
        lower = text.lower()
        if lower in _TRUTHS:
            return "boolean"
        if lower in _INFINITE:
            return "number"
        return "duration" if text[:1] == "P" else "date" if is_likely(text) else None
    if text[-1] == "%":
        return "percent"
    if (text[4:5] in _SEPARATORS and text[7:8] == text[4:5]) or is_likely(text):
        return "date"
    if " day" in text or text[:2] == "-P":
        return "duration"
    return "time" if ":" in text else "number"
