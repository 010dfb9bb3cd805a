"""What finding types by values finds: `tasks.tables.value_types`."""

from __future__ import annotations

from typing import Final

from tasks.tables.codes.meaning import Meaning

_KEPT: Final = "to keep the texts, give the column the type category in options.columns"

TYPING: Final[dict[str, Meaning]] = {
    "numbers_as_text": Meaning("info", "a column of texts holds numbers in all rows", "they are numbers", _KEPT),
    "percent": Meaning("info", "a column holds percentages", "12.5% is the number 12.5", _KEPT),
    "seconds": Meaning(
        "info",
        "a column holds times of day, or durations",
        "a time is the number of seconds since midnight, a duration its number of seconds",
        _KEPT,
    ),
    "missing_words": Meaning(
        "info", "a column of numbers, dates or booleans has ?, -, . or \\N in it", "they count as missing", _KEPT
    ),
    "missing_words_kept": Meaning(
        "info",
        "a column of texts has NA, None, an empty text or the like among its values",
        "they are texts as all others",
        "if they stand for a missing value, leave them empty, or name them in options.csv.missing_words",
    ),
    "odd_values": Meaning(
        "warning",
        "at most 1 % of the values, or one among ten or more, are not what the others are",
        "they count as missing",
        f"correct them; {_KEPT}",
    ),
    "mixed_values": Meaning(
        "warning",
        "half of the values or more are numbers (or dates, ...), and more are not than odd_values takes as missing",
        "the column stays text",
        "correct the others, or leave them empty, for the column to be what most of it is",
    ),
    "codes": Meaning(
        "info",
        "a column has digits that begin with a zero or a plus, as codes do",
        "the column stays text",
        "if they are amounts, give the column the type number in options.columns",
    ),
    "long_numbers": Meaning(
        "info",
        "a column has whole numbers of more than 64 bits, which would lose digits as numbers",
        "the column stays text",
        "if they are amounts, give the column the type number in options.columns",
    ),
    "rounded_whole_numbers": Meaning(
        "warning",
        "a column has whole numbers beyond 2^53, of which a model sees about 16 digits",
        "as numbers they are rounded to the nearest 64-bit float",
        "if they are identifiers, give the column the role key, or the type category, in options.columns",
    ),
    "epoch": Meaning(
        "info",
        "a column of dates holds numbers",
        "they are milliseconds since 1970-01-01T00:00Z",
        "give another format in options.columns: epoch_s, epoch_us or epoch_ns",
    ),
    "not_of_type": Meaning(
        "error",
        "a value is not of the type or format that options.columns gives its column",
        "",
        "correct the value, leave it empty, or give another type or format",
    ),
}
