"""Which rows are in which part: how many of each kind of row. Equal rows are a kind."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.formats import from_ipc, to_ipc
from tasks.tables.row_hashes import Hashes, row_hashes

#: Where the fraction and the column of groups are written in the stored table's metadata.
_FRACTION: Final = b"fraction"
_GROUP: Final = b"group"
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

    def of_each(self, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """For each row what is said of its kind."""
        found = np.empty(len(self.order), dtype=values.dtype)
        found[self.order] = np.repeat(values, self.counts)
        return found


@dataclass(frozen=True, slots=True)
class Sides:
    """How many rows of each kind a split put into each part. Of a split by group a kind is a group."""

    #: Of each kind, growing.
    hashes: Hashes
    train: Counts
    #: None if there were two parts only, as before version 0.6: the rows that were held out were used for both.
    validation: Counts | None
    test: Counts
    #: The part of all rows that was asked for as test; None if that is not known.
    fraction: float | None
    #: What ruled the split: empty for single rows, else the name of the column of groups.
    group: str = ""

    @classmethod
    def of(cls, train: pa.Table, test: pa.Table, *, target: str) -> Self:
        """The sides of a table that was split in two in a way that is not known."""
        hashes = np.concatenate([row_hashes(part, target) for part in (train, test)])
        kinds = Kinds.of(hashes)
        held = np.add.reduceat((kinds.order >= train.num_rows).astype(np.int64), kinds.starts)
        return cls(kinds.hashes, kinds.counts - held, None, held, None)

    def find(self, hashes: Hashes) -> tuple[Counts, Counts, Counts]:
        """How many rows of these kinds are in train, in validation, and in test."""
        places = np.minimum(np.searchsorted(self.hashes, hashes), len(self.hashes) - 1)
        known = self.hashes[places] == hashes
        validation = np.zeros_like(self.test) if self.validation is None else self.validation
        train, stops, test = (np.where(known, part[places], 0) for part in (self.train, validation, self.test))
        return train, stops, test

    def to_bytes(self) -> bytes:
        """For storage: 4 to 5 bytes a kind for 1,000,000 of them."""
        # Steps between hashes that grow are small numbers, which are compressed.
        steps = np.diff(self.hashes, prepend=np.uint64(0))
        parts = {"train": self.train, "validation": self.validation, "holdout": self.test}
        many = {name: counts.astype(np.int32) for name, counts in parts.items() if counts is not None}
        told = {_GROUP: self.group.encode()} if self.group else {}
        if self.fraction is not None:
            told[_FRACTION] = repr(self.fraction).encode()
        return to_ipc(pa.table({"step": steps, **many}).replace_schema_metadata(told))

    @classmethod
    def from_bytes(cls, data: bytes) -> Self:
        """What `to_bytes` wrote, in this release or one that knew two parts."""
        table = from_ipc(data)
        told = table.schema.metadata or {}
        train, validation, test = (_counts(table, name) for name in ("train", "validation", "holdout"))
        if train is None or test is None:
            raise ValueError("these are no sides")
        fraction = told.get(_FRACTION)
        hashes = np.cumsum(table.column("step").to_numpy(), dtype=np.uint64)
        group = told.get(_GROUP, b"").decode()
        return cls(hashes, train, validation, test, None if fraction is None else float(fraction), group)


def _counts(table: pa.Table, name: str) -> Counts | None:
    return table.column(name).to_numpy().astype(np.int64) if name in table.column_names else None
