"""Which rows are learned from, which stop the fit and choose, and which only measure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables import quotas
from tasks.tables.group_split import deal_groups, group_hashes
from tasks.tables.memory import give_back
from tasks.tables.row_hashes import row_hashes
from tasks.tables.schema import kind_of, numbers, plain
from tasks.tables.side_by_side import FEW, WIDE_COLUMNS, each
from tasks.tables.sides import Counts, Kinds, Sides
from tasks.tables.time_split import deal_by_time
from tasks.tables.value_types.many_columns import complete

#: The parts of a table, as `Parts.codes` has them.
TRAIN: Final = 0
VALIDATION: Final = 1
TEST: Final = 2
PARTS: Final = (TRAIN, VALIDATION, TEST)
#: Part of the rows that only measure, if none is given.
HOLDOUT: Final = 0.2
#: Part of the other rows that stop the fit and choose, and how many rows are enough for that.
VALIDATION_PART: Final = 0.2
VALIDATION_MOST: Final = 20_000

#: What rules a split.
Rule = Literal["random", "group", "time", "query"]
Codes = npt.NDArray[np.int8]


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """How a table is to be split: what `options.split`, `options.holdout` and the roles of columns say."""

    #: The part of the rows that only measure.
    holdout: float = HOLDOUT
    #: `group`, `query`: all rows of one are in the same part. `time`: the latest rows are test, those before
    #: validation.
    by: Rule = "random"
    #: The column that rules a split that is not random.
    column: str = ""
    #: The column of queries of a split by time: all rows of a query have its first time. Empty: there are none.
    query: str = ""
    #: How many folds a table of few rows is measured by; 0: by its test rows.
    folds: int = 0
    #: Whether it is measured so however many rows it has.
    crossed: bool = False


@dataclass(frozen=True, slots=True)
class Parts:
    """In which part each row of a table is."""

    codes: Codes
    #: What is to be kept of that, so that rows keep their part; None where time alone decides.
    sides: Sides | None

    def of(self, table: pa.Table, part: int) -> pa.Table:
        """The rows of the table in that part, in its order."""
        return table.filter(pa.array(self.codes == part))

    def all_of(self, table: pa.Table) -> Iterator[pa.Table]:
        """The rows in each of the parts TRAIN, VALIDATION and TEST. Those of a wide table are taken side by side; of a
        long one each when it is asked for, so that no two need be in memory."""
        if table.num_columns > WIDE_COLUMNS:
            return iter(each(partial(self.of, table), PARTS, threads=FEW))
        return (self.of(table, part) for part in PARTS)

    def count(self, part: int) -> int:
        """How many rows are in that part."""
        return int((self.codes == part).sum())


def deal(
    table: pa.Table,
    wanted: Wanted,
    *,
    target: str,
    classes: bool = False,
    known: Sides | None = None,
    last: Codes | None = None,
) -> Parts:
    """Deal the rows of a table of features and target, and the columns that `wanted` names, into three parts.

    `classes`: each class of the target has its share of each part. `known`: where the model's last snapshot had its
    rows, which keep their part if as much is asked for. `last`: the parts of the table's last rows, which stay there
    whatever is asked for, unless time rules. Raises InvalidField if there are too few groups or times.
    """
    if wanted.by == "time":
        together = group_hashes(table.column(wanted.query)) if wanted.query else None
        times = table.column(wanted.column)
        return Parts(deal_by_time(times, wanted.column, test=wanted.holdout, together=together), None)
    if wanted.by in ("group", "query"):
        return Parts(*deal_groups(table, wanted.column, fraction=wanted.holdout, known=known, by=wanted.by))
    return deal_rows(table.drop_columns([wanted.column]) if wanted.column else table, wanted.holdout,
                     target=target, classes=classes, known=known, last=last)  # fmt: skip


def deal_rows(
    table: pa.Table,
    fraction: float,
    *,
    target: str | None = None,
    classes: bool = False,
    known: Sides | None = None,
    last: Codes | None = None,
) -> Parts:
    """A fraction of the rows as test: of each class (if `classes`, of `target`), or else of all, to 1 row; of the
    others `VALIDATION_PART` as validation in the same way.

    Which rows those are depends on what the table holds, in no way on its order. Equal rows are split like all rows.
    A row that `known` has keeps its part, if the same fraction was asked for; new ones fill up. What comes before the
    share: in train is a row of each class, and one in which each column is missing that is missing anywhere; equal
    rows whose share of a part is a row or more have one in it; the table, and classes of 5 rows, have one in test.
    """
    kinds = Kinds.of(row_hashes(table, target))
    codes = _codes(table.column(target)) if classes and target is not None else np.zeros(table.num_rows, np.int16)
    codes, missing = codes[kinds.rows], [mask[kinds.rows] for mask in _missing(table)]
    none = np.zeros(len(kinds.hashes), dtype=np.int64)
    usable = known is not None and known.fraction in (None, fraction) and not known.group
    train, stops, test = known.find(kinds.hashes) if known is not None and usable else (none, none, none)
    # What sorting leaves behind, two fifths of a table of 12 columns, would stand beside what dealing takes.
    give_back()
    tested = _deal(_Dealt(kinds.hashes, kinds.counts, codes, missing), fraction, before=(train + stops, test))
    give_back()
    rest = kinds.counts - tested
    left = rest > 0
    part = _Dealt(kinds.hashes[left], rest[left], _dense(codes[left]), [mask[left] for mask in missing])
    # Where two parts were known, rows to learn from become validation.
    before = (train[left], stops[left]) if known is not None and known.validation is not None else (none[left],) * 2
    stopping = none.copy()
    stopping[left] = _deal(part, validation_share(int(rest.sum())), before=before)
    rows = np.where(kinds.first(tested), TEST, np.where(kinds.first(tested + stopping), VALIDATION, TRAIN))
    if last is None:
        return Parts(rows.astype(np.int8), Sides(kinds.hashes, rest - stopping, stopping, tested, fraction))
    rows[len(rows) - len(last) :] = last
    train, stops, test = (np.add.reduceat((rows[kinds.order] == part).astype(np.int64), kinds.starts) for part in PARTS)
    return Parts(rows.astype(np.int8), Sides(kinds.hashes, train, stops, test, fraction))


def validation_share(rows: int) -> float:
    """The part of so many rows, the test rows not among them, that is validation."""
    return min(VALIDATION_PART, VALIDATION_MOST / rows)


@dataclass(frozen=True, slots=True)
class _Dealt:
    """What is dealt: kinds of rows, how many of each, their class, and in which each column is missing."""

    hashes: npt.NDArray[np.uint64]
    counts: Counts
    codes: npt.NDArray[np.int16]
    missing: list[npt.NDArray[np.bool_]]


def _deal(dealt: _Dealt, fraction: float, *, before: tuple[Counts, Counts]) -> Counts:
    """How many rows of each kind are held out. `before`: how many were not, and were; new ones if that leaves none."""
    held = _deal_after(dealt, fraction, before)
    return held if held.any() else _deal_after(dealt, fraction, (np.zeros_like(held), np.zeros_like(held)))


def _deal_after(dealt: _Dealt, fraction: float, before: tuple[Counts, Counts]) -> Counts:
    order = quotas.dealing_order(dealt.hashes, dealt.counts, dealt.codes, fraction)
    counts = dealt.counts[order]
    bounds = quotas.keeping(counts, *(side[order] for side in before))
    for mask in dealt.missing:
        if mask.any():
            quotas.pin(bounds, counts, np.flatnonzero(mask[order]))
    starts = np.searchsorted(dealt.codes[order], np.arange(dealt.codes.max() + 1))
    quotas.pin_classes(bounds, counts, starts)
    of_classes = quotas.class_quotas(np.add.reduceat(counts, starts), fraction)
    held = np.empty_like(counts)
    held[order] = quotas.fill(counts, starts, bounds, quotas=of_classes, fraction=fraction)
    return held


def _dense(codes: npt.NDArray[np.int16]) -> npt.NDArray[np.int16]:
    """The codes without gaps."""
    return np.unique(codes, return_inverse=True)[1].astype(np.int16)


def _codes(target: pa.ChunkedArray) -> npt.NDArray[np.int16]:
    """The number of each value among the values that there are, sorted."""
    coded = plain(target).combine_chunks().dictionary_encode()
    values = coded.dictionary.to_pylist()
    places: npt.NDArray[np.int16] = np.empty(len(values), dtype=np.int16)
    places[sorted(range(len(values)), key=values.__getitem__)] = np.arange(len(values), dtype=np.int16)
    return np.asarray(places[coded.indices.to_numpy()])


def _missing(table: pa.Table) -> list[npt.NDArray[np.bool_]]:
    """Of each column that is missing somewhere, in which rows."""
    found = []
    whole = complete(table)
    for place, column in enumerate(table.itercolumns()):
        if place in whole:
            continue
        if not pa.types.is_dictionary(column.type) and kind_of(plain(column)) == "number":
            found.append(np.isnan(numbers(plain(column))))
        elif column.null_count:
            found.append(np.asarray(column.is_null().to_numpy(), dtype=bool))
    return [mask for mask in found if mask.any()]
