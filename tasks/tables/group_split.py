"""Splits that keep the rows of a group together."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.tables.row_hashes import Hashes, row_hashes
from tasks.tables.sides import Counts, Kinds, Sides

#: What rules such a split, and what is to be done where it has too few values.
RULED: Final = {
    "group": ("groups", "use options.split = 'random', or another column"),
    "query": ("queries", "send more of them"),
}
#: Fewest groups: one in each part.
FEWEST_GROUPS: Final = 3
#: Part of the rows that are no test rows for validation, as in `splitting`.
_VALIDATION_PART: Final = 0.2


def group_hashes(values: pa.ChunkedArray) -> Hashes:
    """A number a row that tells groups apart. Rows without a group are one."""
    return row_hashes(pa.table({"group": values}))


def by_query(values: pa.ChunkedArray) -> tuple[npt.NDArray[np.intp], Counts]:
    """(the numbers of the rows with those of a query together, each query's in their order; how many rows each query
    has, in that order)."""
    kinds = Kinds.of(group_hashes(values))
    return kinds.order, kinds.counts


def deal_groups(
    table: pa.Table, column: str, *, fraction: float, known: Sides | None, by: str = "group"
) -> tuple[npt.NDArray[np.int8], Sides]:
    """(0 train, 1 validation, 2 test) for each row, and what is to be kept of it.

    Groups fill the parts by their hash, in rows as near to the share as whole groups allow. A group that `known` has
    keeps its part. `by`: what they are (`RULED`). Raises InvalidField if there are fewer than three groups.
    """
    kinds = Kinds.of(group_hashes(table.column(column)))
    if len(kinds.hashes) < FEWEST_GROUPS:
        nouns, remedy = RULED[by]
        raise InvalidField(
            f"column {column!r} has {len(kinds.hashes)} {nouns}; a split by {by} needs at least {FEWEST_GROUPS}, one"
            f" for each part; {remedy}"
        ).at("/options/split")
    none = np.zeros(len(kinds.hashes), dtype=np.int64)
    usable = known is not None and known.group == column and known.fraction == fraction
    train, stops, test = known.find(kinds.hashes) if known is not None and usable else (none, none, none)
    tested = _taken(kinds.counts, held=test > 0, kept=(train > 0) | (stops > 0), share=fraction)
    rest = np.where(tested, 0, kinds.counts)
    stopping = _taken(rest, held=stops > 0, kept=(train > 0) | tested, share=_VALIDATION_PART)
    codes = np.where(tested, 2, np.where(stopping, 1, 0)).astype(np.int8)
    parts = [np.where(codes == part, kinds.counts, 0) for part in range(3)]
    return kinds.of_each(codes), Sides(kinds.hashes, parts[0], parts[1], parts[2], fraction, column)


def _taken(
    counts: Counts, *, held: npt.NDArray[np.bool_], kept: npt.NDArray[np.bool_], share: float
) -> npt.NDArray[np.bool_]:
    """Which groups are held out: those that were, then free ones in the order of their hash; at least one, and at
    least one is left for each part that comes after."""
    held = held & (counts > 0)
    free = np.flatnonzero((counts > 0) & ~held & ~kept)
    missing = share * counts.sum() - counts[held].sum()
    if len(free):
        sizes = counts[free]
        chosen = free[np.cumsum(sizes) - sizes / 2 <= missing]
        held[chosen[: max(len(free) - 2, 1)] if not kept.any() else chosen] = True
    if not held.any():
        pool = free if len(free) else np.flatnonzero(counts > 0)
        held[pool[np.argmin(np.abs(counts[pool] - share * counts.sum()))]] = True
    return held
