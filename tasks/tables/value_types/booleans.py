"""True and false in writing."""

from __future__ import annotations

from typing import Final

import pyarrow as pa
import pyarrow.compute as pc

#: What a column must be wholly made of to be booleans, in letters of any size: one pair or the other.
PAIRS: Final = (("true", "false"), ("t", "f"))
#: What more counts as true and false where a column is known to be booleans.
_TRUE: Final = ("true", "t", "yes", "y", "on", "1", "1.0")
_FALSE: Final = ("false", "f", "no", "n", "off", "0", "0.0")


def parse(texts: pa.StringArray) -> pa.BooleanArray:
    """The boolean that each text is, if all of them are of one of `PAIRS`; else null for all."""
    lower = pc.utf8_lower(texts)
    for true, false in PAIRS:
        found = pc.is_in(lower, value_set=pa.array([true, false, None], pa.string()))
        if pc.all(found).as_py():
            return pc.equal(lower, true)
    return pa.nulls(len(texts), pa.bool_())


def parse_any(texts: pa.StringArray) -> pa.BooleanArray:
    """The boolean that each text is, `yes` and `1` too; null for any other text."""
    lower = pc.utf8_lower(texts)
    true = pc.is_in(lower, value_set=pa.array(_TRUE))
    return pc.if_else(pc.or_(true, pc.is_in(lower, value_set=pa.array(_FALSE))), true, None)
