"""Whether text is a category, free text, or a name of its own for each row."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.planning.draft import Draft
from tasks.tables.planning.limits import MOST_CATEGORIES

#: Texts are free text if so many of them (part) differ, there are more than so many, and have so many words on average.
TEXT_DISTINCT: Final = 0.5
TEXT_FEWEST: Final = 20
TEXT_WORDS: Final = 3.0
#: They are identifiers if so many of them (part) differ and they are no free text.
KEY_DISTINCT: Final = 0.95
#: How many different texts are looked at for their words.
SAMPLE: Final = 2000
#: A word, with the blanks before it.
_WORD: Final = r"\S+"


def look_at_texts(draft: Draft) -> None:
    """Tell categories, free text and keys apart among the features that are text."""
    for name in draft.features("category"):
        column, values = draft.columns[name], draft.table.column(name)
        declared = column.given or pa.types.is_dictionary(values.type)
        found = pc.unique(values).drop_null()
        column.distinct = len(found)
        present = len(values) - column.missing
        if not declared and _is_free(found, present):
            column.type = "text"
        elif not declared and len(found) >= max(KEY_DISTINCT * present, 2):
            message = f"column {name!r} has {len(found)} different texts in {present} rows"
            draft.leave_out(name, "unique_text", message, role="key", count=len(found))
        elif len(found) > MOST_CATEGORIES:
            message = f"column {name!r} has {len(found)} different texts"
            draft.find("many_categories", message, column=name, count=len(found))


def _is_free(found: pa.Array, present: int) -> bool:
    if len(found) <= TEXT_FEWEST or len(found) < TEXT_DISTINCT * present:
        return False
    if pa.types.is_dictionary(found.type):
        return False
    words = pc.mean(pc.count_substring_regex(found.slice(0, SAMPLE), _WORD)).as_py()
    return bool(words >= TEXT_WORDS)
