"""The different texts of a column, and where they stand."""

from __future__ import annotations

from dataclasses import dataclass
from types import EllipsisType

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.findings import MOST_ROWS

Mask = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class DistinctTexts:
    """A column of texts by its different ones, in the order in which they come first."""

    #: As they are in the column.
    texts: pa.StringArray
    #: The place of each row's text in `texts`; null where it has none.
    codes: pa.Int32Array
    #: How many rows have each of `texts`.
    counts: npt.NDArray[np.int64]

    @classmethod
    def of(cls, values: pa.ChunkedArray) -> DistinctTexts:
        """Those of a column of strings."""
        coded = values.dictionary_encode().unify_dictionaries().combine_chunks()
        codes = coded.indices
        present = (codes.drop_null() if codes.null_count else codes).to_numpy()
        return cls(coded.dictionary, codes, np.bincount(present, minlength=len(coded.dictionary)))

    def spread(self, values: pa.Array) -> pa.Array:
        """A value for each row from one for each of `texts`; null where the row has no text."""
        return values.take(self.codes)

    def cells(self, mask: Mask | EllipsisType) -> int:
        """How many rows have one of the texts that are marked; `...` marks all."""
        return int(self.counts[mask].sum())

    def rows(self, mask: Mask) -> list[int]:
        """The first rows that have one of them, counted from 0; at most `MOST_ROWS`."""
        found = np.asarray(pc.fill_null(self.spread(pa.array(mask)), False).to_numpy(zero_copy_only=False))
        return [int(row) for row in np.flatnonzero(found)[:MOST_ROWS]]
