"""How many rows of each kind are held out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.tables.row_hashes import HASH_BITS, Hashes
from tasks.tables.sides import Counts

#: A class of so many rows has one in the holdout, however small the fraction is.
ENOUGH: Final = 5
#: How far a product of a fraction and a number of rows may be off.
_TINY: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Ranges:
    """Fewest and most rows of each kind in the holdout."""

    fewest: Counts
    most: Counts


def keeping(counts: Counts, train: Counts, holdout: Counts) -> Ranges:
    """The bounds within which rows keep the side that so many of each kind had, and new ones may be on either."""
    fewest = np.minimum(holdout, np.maximum(counts - train, 0))
    most = np.maximum(np.minimum(holdout, counts), counts - train)
    return Ranges(fewest, most)


def pin(bounds: Ranges, counts: Counts, kinds: npt.NDArray[np.intp]) -> None:
    """Have a row of one of these kinds in train, the last one's, if none need be there already."""
    if not (counts[kinds] > bounds.most[kinds]).any():
        _pin_each(bounds, counts, kinds[-1:])


def pin_classes(bounds: Ranges, counts: Counts, starts: Counts) -> None:
    """Have a row of each class in train. `starts`: the first kind of each class."""
    sure = np.add.reduceat(counts - bounds.most, starts)
    lasts = np.append(starts[1:], len(counts)) - 1
    _pin_each(bounds, counts, lasts[sure == 0])


def class_quotas(rows: Counts, fraction: float) -> Counts:
    """How many rows of each class belong to the holdout: its share, less or more than 1 off, so that the sum is right.

    One row of each class is left to train, and of classes of `ENOUGH` rows one is held out.
    """
    share = fraction * rows
    quotas = np.floor(share + _TINY).astype(np.int64)
    remainders = np.round(share - quotas, 9)
    quotas = np.minimum(np.where(rows >= ENOUGH, np.maximum(quotas, 1), quotas), rows - 1)
    may_grow = np.minimum(np.ceil(share - _TINY), rows - 1) > quotas
    left = max(int(share.sum() + 0.5), 1) - int(quotas.sum())
    by_need = np.lexsort((-rows, -remainders))
    quotas[by_need[may_grow[by_need]][: max(left, 0)]] += 1
    return np.asarray(quotas)


def dealing_order(hashes: Hashes, counts: Counts, codes: npt.NDArray[np.int16], fraction: float) -> Counts:
    """The kinds class by class, in the order in which they get a row more than the whole part of their share.

    By hash, in proportion to the rest of the share: of single rows and of fours as many are held out. (Sequential
    Poisson sampling: Ohlsson, Journal of Official Statistics 14, 1998.)
    """
    share = fraction * counts
    rest = share - np.floor(share + _TINY)
    chance = (hashes + 0.5) / 2.0**HASH_BITS
    key = np.divide(chance, rest, out=np.full(len(hashes), np.inf), where=rest > _TINY)
    order = np.argsort(key, kind="stable")
    return np.asarray(order[np.argsort(codes[order], kind="stable")])


def fill(counts: Counts, starts: Counts, bounds: Ranges, *, quotas: Counts, fraction: float) -> Counts:
    """How many rows of each kind are held out, within the bounds. The kinds are in the order of dealing.

    First a row of each kind whose share has one, then the whole part of its share, then a row more, then any; but the
    last row only of kinds whose share of train has not one. `starts`: the first kind of each class.
    """
    share = fraction * counts
    whole = np.floor(share + _TINY).astype(np.int64)
    held: Counts = np.clip(np.minimum(whole, 1), bounds.fewest, bounds.most)
    sizes = np.diff(starts, append=len(counts))
    any_but = counts - (counts - share >= 1 - _TINY)
    for goal in (whole, np.ceil(share - _TINY).astype(np.int64), any_but):
        missing = np.maximum(quotas - np.add.reduceat(held, starts), 0)
        room = np.maximum(np.minimum(goal, bounds.most) - held, 0)
        if not missing.any():
            break
        if room.any():
            before = np.cumsum(room) - room
            held += np.clip(np.repeat(missing + before[starts], sizes) - before, 0, room)
    return held


def _pin_each(bounds: Ranges, counts: Counts, kinds: npt.NDArray[np.intp]) -> None:
    bounds.most[kinds] = counts[kinds] - 1
    bounds.fewest[kinds] = np.minimum(bounds.fewest[kinds], bounds.most[kinds])
