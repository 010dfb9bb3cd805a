"""Which rows are held out: how many of each kind of row. Equal rows are a kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.formats import from_ipc, to_ipc
from tasks.tables.row_hashes import Hashes, row_hashes

#: Where the fraction is written in the stored table's metadata.
_FRACTION: Final = b"fraction"
#: Bits of a row's number.
_ROW_BITS: Final = 32

Counts = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Kinds:
    """The rows of a table, equal ones together."""

    #: The rows' numbers, those of a kind one after the other.
    order: npt.NDArray[np.intp]
    #: Where each kind begins in `order`.
    starts: npt.NDArray[np.intp]
    #: Of each kind, growing.
    hashes: Hashes
    #: How many rows there are of each kind.
    counts: Counts

    @classmethod
    def of(cls, hashes: Hashes) -> Self:
        """The kinds of rows with these hashes, of which there is at least one."""
        # Much faster than a stable one; equal rows, if there are any, are put in order by a sort of numbers.
        order = np.argsort(hashes)
        ordered = hashes[order]
        starts = np.flatnonzero(np.concatenate(([True], ordered[1:] != ordered[:-1])))
        counts = np.diff(starts, append=len(hashes))
        if len(starts) < len(hashes):
            keys = np.repeat(np.arange(len(starts)) << _ROW_BITS, counts) | order
            keys.sort()
            order = keys & ((1 << _ROW_BITS) - 1)
        return cls(order, starts, ordered[starts], counts)

    @property
    def rows(self) -> npt.NDArray[np.intp]:
        """The number of one row of each kind."""
        return self.order[self.starts]

    def first(self, many: Counts) -> npt.NDArray[np.bool_]:
        """For each row whether it is among the first `many` of its kind."""
        ordered = np.arange(len(self.order)) < np.repeat(self.starts + many, self.counts)
        chosen = np.empty(len(self.order), dtype=bool)
        chosen[self.order] = ordered
        return chosen


@dataclass(frozen=True, slots=True)
class Sides:
    """How many rows of each kind a split put into train and into the holdout."""

    #: Of each kind, growing.
    hashes: Hashes
    train: Counts
    holdout: Counts
    #: What was asked for; None if that is not known.
    fraction: float | None

    @classmethod
    def of(cls, train: pa.Table, holdout: pa.Table, *, target: str) -> Self:
        """The sides of a table that was split in a way that is not known."""
        hashes = np.concatenate([row_hashes(part, target) for part in (train, holdout)])
        kinds = Kinds.of(hashes)
        held = np.add.reduceat((kinds.order >= train.num_rows).astype(np.int64), kinds.starts)
        return cls(kinds.hashes, kinds.counts - held, held, None)

    def find(self, hashes: Hashes) -> tuple[Counts, Counts]:
        """How many rows of these kinds are in train, and in the holdout."""
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        known = self.hashes[places] == hashes
        return np.where(known, self.train[places], 0), np.where(known, self.holdout[places], 0)

    def to_bytes(self) -> bytes:
        """For storage: 4 to 5 bytes a kind for 1,000,000 of them."""
        # Steps between hashes that grow are small numbers, which are compressed.
        steps = np.diff(self.hashes, prepend=np.uint64(0))
        many = {"train": self.train.astype(np.int32), "holdout": self.holdout.astype(np.int32)}
        table = pa.table({"step": steps, **many})
        fraction = {} if self.fraction is None else {_FRACTION: repr(self.fraction).encode()}
        return to_ipc(table.replace_schema_metadata(fraction))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote."""
        table = from_ipc(data)
        train, holdout = (table.column(name).to_numpy().astype(np.int64) for name in ("train", "holdout"))
        fraction = (table.schema.metadata or {}).get(_FRACTION)
        hashes = np.cumsum(table.column("step").to_numpy(), dtype=np.uint64)
        return cls(hashes, train, holdout, None if fraction is None else float(fraction))
