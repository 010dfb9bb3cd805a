"""Splits by time: what comes later judges what was learned from what came before."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField
from tasks.tables.row_hashes import Hashes
from tasks.tables.schema import kind_of, plain

#: Fewest different times: one in each part.
FEWEST_TIMES: Final = 3
#: Part of the rows that are no test rows for validation, as in `splitting`.
_VALIDATION_PART: Final = 0.2

Ranks = npt.NDArray[np.int64]


def time_ranks(values: pa.ChunkedArray, name: str, *, together: Hashes | None = None) -> Ranks:
    """The place of each row's time among all different times, from 0; rows without a time are earliest, at 0. Rows that
    have the same in `together` all have the first of their times.

    Raises InvalidField if the column holds neither dates nor numbers, or too few different ones.
    """
    values = plain(values)
    if kind_of(values) not in ("date", "number"):
        raise InvalidField(f"column {name!r} cannot rule a split by time: it holds no dates and no numbers").at(
            "/options/columns"
        )
    array = np.asarray(values.to_numpy(), dtype=np.float64 if kind_of(values) == "number" else "datetime64[us]")
    ranks: Ranks = np.unique(array, return_inverse=True)[1]
    # NaN and NaT are sorted to the end.
    ranks = np.where(np.isnan(array), 0, ranks)
    if together is not None:
        ranks = _first(ranks, together)
    if ranks.max(initial=0) + 1 < FEWEST_TIMES:
        raise InvalidField(
            f"column {name!r} has fewer than {FEWEST_TIMES} different times; a split by time needs one for each part;"
            " use options.split = 'random'"
        ).at("/options/split")
    return ranks


def deal_by_time(
    values: pa.ChunkedArray, name: str, *, test: float, together: Hashes | None = None
) -> npt.NDArray[np.int8]:
    """(0 train, 1 validation, 2 test) for each row: the last rows are test, those before validation. Rows of the same
    time, or with the same in `together`, are in the same part. Nothing is kept of it: when later rows come, they are
    test. Raises InvalidField."""
    ranks = time_ranks(values, name, together=together)
    rows = np.bincount(ranks)
    last = _cut(rows, test)
    first = _cut(rows[:last], _VALIDATION_PART, least=1)
    return np.where(ranks >= last, 2, np.where(ranks >= first, 1, 0)).astype(np.int8)


def _first(ranks: Ranks, together: Hashes) -> Ranks:
    places = np.unique(together, return_inverse=True)[1]
    firsts = np.full(int(places.max(initial=0)) + 1, np.iinfo(np.int64).max)
    np.minimum.at(firsts, places, ranks)
    return np.asarray(np.unique(firsts[places], return_inverse=True)[1], dtype=np.int64)


def _cut(rows: Ranks, share: float, *, least: int = 2) -> int:
    """The time from which on the rows are nearest to a share of all; at least one, and `least` times are before."""
    later = np.cumsum(rows[::-1])[::-1]
    places = np.arange(least, len(rows))
    return int(places[np.argmin(np.abs(later[places] - share * rows.sum()))])
