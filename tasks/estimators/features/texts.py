"""A column of text as numbers: how long it is, what a linear model of its words says, and which telling ones it has.

What each part is worth was measured on five tables of 3,700 to 11,000 texts (tweets, film and product reviews,
sentences of a newspaper, descriptions of packages): r2 on a fifth of the rows, learned from three fifths.

| numbers | tweets | films | products | newspaper | packages |
| --- | --- | --- | --- | --- | --- |
| lengths alone | 0.00 | 0.00 | 0.00 | -0.01 | 0.05 |
| the 256 most frequent words | 0.41 | 0.19 | 0.33 | 0.03 | 0.16 |
| the 1,024 most telling words | 0.40 | 0.29 | 0.34 | 0.02 | 0.17 |
| the 1,024 most telling pieces of words | 0.59 | 0.35 | 0.36 | 0.09 | 0.19 |
| the score of a linear model of 4,096 of both | 0.66 | 0.46 | 0.42 | 0.15 | 0.21 |
| the score, and the 256 most telling of both | 0.67 | 0.47 | 0.43 | 0.15 | 0.22 |

The score helps from 200 texts on; of 80 nothing is learned by any of these.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.estimators.features import linear
from tasks.estimators.features.hashing import BUCKETS, Buckets, counted, cut, selected

#: Most buckets that the linear model looks at, and most that become features: those that tell most of the target.
LOOKED_AT: Final = 4096
SHOWN: Final = 256
#: Fewest rows that have a bucket which is looked at.
FEWEST_ROWS: Final = 3
#: Fewest texts of which a linear model is made.
FEWEST_TEXTS: Final = 30
#: Characters of which is found which buckets tell, and of which the linear model is made: evenly spread rows, if there
#: are more. Their counts take 90 MB.
MOST_CHARACTERS: Final = 5_000_000
#: What comes of every text, before its scores and buckets.
ALWAYS: Final = ("length", "words")

Floats = npt.NDArray[np.float64]
#: What all texts have, and which buckets each has as a sparse matrix (CSR).
Encoded = tuple[Floats, Any]


class Texts(msgspec.Struct, frozen=True, tag="text"):
    """How the texts of one column become numbers. Survives `msgspec.json`."""

    #: The buckets that are looked at, ascending: int32, little endian.
    looked_at: bytes
    #: The places among them of those that become features: int32.
    shown: bytes
    #: The linear model: for each score the coefficients of all that are looked at (float32), and what comes on top.
    coefficients: bytes
    bases: list[float]
    #: Of the features how many a row has, on average.
    filled: float

    @classmethod
    def fit(
        cls,
        values: pa.ChunkedArray,
        targets: Floats,
        weights: Floats | None = None,
        *,
        most_characters: int = MOST_CHARACTERS,
    ) -> tuple[Texts, Encoded]:
        """(how a column of string becomes numbers, its numbers). `targets`: a column for each score; `weights`: how
        much each row counts for it, if not all do alike.

        The scores of rows that the linear model has learned from are by others, which have not.
        """
        rows = _spread(values, most_characters)
        whole = len(rows) == len(values)
        sample, wanted = values if whole else values.take(pa.array(rows)), targets[rows]
        parts = list(counted(sample))
        order = _telling(parts, wanted)
        looked_at = np.sort(order[:LOOKED_AT]).astype(np.int32)
        counts = _stacked([selected(part, looked_at) for part in parts])
        del parts
        shown = np.searchsorted(looked_at, np.sort(order[:SHOWN]))
        units, counting = linear.unit_rows(counts), _counting(weights, rows)
        scored = len(looked_at) and len(sample) - sample.null_count >= FEWEST_TEXTS and counting.any()
        coefficients, bases = np.zeros((len(looked_at), 0)), np.zeros(0)
        if scored:
            coefficients, bases = linear.fit(units, wanted, counting)
        how = cls(
            looked_at=looked_at.astype("<i4").tobytes(),
            shown=shown.astype("<i4").tobytes(),
            coefficients=coefficients.T.astype("<f4").tobytes(),
            bases=bases.tolist(),
            filled=float((counts[:, shown] > 0).sum() / max(1, len(rows))),
        )
        dense, buckets = how._encoded(values, [counts]) if whole else how.encode(values)
        if scored:
            dense[rows, len(ALWAYS) :] = linear.out_of_fold(units, wanted, counting, groups=_groups(sample))
        return how, (dense, buckets)

    @property
    def parts(self) -> list[str]:
        """The numbers that come of a text, in order."""
        buckets = self._looked_at[self._shown].tolist()
        return [*self.dense, *(f"bucket {bucket}" for bucket in buckets)]

    @property
    def dense(self) -> list[str]:
        """Those that all texts have; the others are 1 for a bucket that a text has, and 0 else."""
        return [*ALWAYS, *(f"score {index}" for index in range(len(self.bases)))]

    def encode(self, values: pa.ChunkedArray) -> Encoded:
        """The numbers of a column of string. The lengths of a text that is missing are NaN."""
        return self._encoded(values, counted(values, self._looked_at))

    def _encoded(self, values: pa.ChunkedArray, parts: Iterable[Any]) -> Encoded:
        """`parts`: the counts of what is looked at, of some texts at a time."""
        shown = self._shown
        coefficients = np.frombuffer(self.coefficients, "<f4").reshape(len(self.bases), len(self._looked_at)).T
        scores, buckets = [], []
        for counts in parts:
            if self.bases:
                scores.append(linear.unit_rows(counts) @ coefficients + self.bases)
            has = selected(counts, shown)
            has.data[:] = 1
            buckets.append(has)
        lengths = np.column_stack(_lengths(values))
        return np.hstack([lengths, np.vstack(scores)]) if scores else lengths, _stacked(buckets)

    @property
    def _looked_at(self) -> Buckets:
        return np.frombuffer(self.looked_at, "<i4")

    @property
    def _shown(self) -> Buckets:
        return np.frombuffer(self.shown, "<i4")


def _spread(values: pa.ChunkedArray, most: int) -> npt.NDArray[np.int64]:
    characters = pc.sum(pc.utf8_length(cut(values))).as_py() or 0
    return np.arange(0, len(values), max(1, -(-characters // most)))


def _counting(weights: Floats | None, rows: npt.NDArray[np.int64]) -> Floats:
    """The weights of these rows, 1 on average."""
    chosen = np.ones(len(rows)) if weights is None else weights[rows]
    mean = chosen.mean()
    return chosen / mean if mean > 0 else chosen


def _telling(parts: list[Any], targets: Floats) -> npt.NDArray[np.int64]:
    """The buckets that enough rows have, those first by whose presence most of a target's variance is explained."""
    rows = np.zeros(2 * BUCKETS)
    sums = np.zeros((targets.shape[1], 2 * BUCKETS))
    centred = targets - targets.mean(axis=0)
    start = 0
    for part in parts:
        present = part.copy()
        present.data[:] = 1
        rows += np.bincount(present.indices, minlength=2 * BUCKETS)
        sums += (present.T @ centred[start : start + present.shape[0]]).T
        start += present.shape[0]
    often = np.flatnonzero((rows >= FEWEST_ROWS) & (rows < start))
    count = rows[often]
    spread = np.maximum((centred**2).sum(axis=0), np.finfo(float).tiny)[:, None]
    explained = (sums[:, often] ** 2 / (count * (1 - count / start)) / spread).max(axis=0)
    return often[np.argsort(-explained, kind="stable")]


def _groups(values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """A number for each text; equal ones have the same."""
    codes = pc.fill_null(values, "").combine_chunks().dictionary_encode().indices
    return np.asarray(codes.to_numpy(), dtype=np.int64)


def _lengths(values: pa.ChunkedArray) -> list[Floats]:
    """Characters and words of each text; NaN where there is none."""
    counts = (pc.utf8_length(values), pc.count_substring_regex(values, r"\S+"))
    return [np.asarray(count.cast(pa.float64()).to_numpy(), dtype=np.float64) for count in counts]


def _stacked(parts: list[Any]) -> Any:
    from scipy import sparse

    return parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")
