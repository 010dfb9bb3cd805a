"""A column of text as numbers: how long it is, and which hashed words it has."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

#: Buckets that words are hashed into.
BUCKETS: Final = 2**18
#: Most buckets that become features: those that most rows to learn from have.
WIDTH: Final = 256
#: Fewest rows that have a bucket which becomes a feature.
FEWEST_ROWS: Final = 3
#: Rows of which the buckets are counted, evenly spread where there are more.
SAMPLE: Final = 20_000
#: Rows whose words are hashed at a time.
CHUNK: Final = 5_000
#: Characters of a text that are looked at.
LONGEST: Final = 20_000
#: What comes of every text, before its buckets.
ALWAYS: Final = ("length", "words")

Floats = npt.NDArray[np.float64]


class Texts(msgspec.Struct, frozen=True, tag="text"):
    """How the texts of one column become numbers. Survives `msgspec.json`."""

    #: Into so many buckets words are hashed, ...
    buckets: int
    #: ... and of these become features, ascending.
    kept: list[int]
    #: Kept buckets that a row has, on average: so many of the numbers are not 0.
    filled: float = 0

    @classmethod
    def fit(cls, values: pa.ChunkedArray) -> Texts:
        """For a column of string."""
        step = -(-len(values) // SAMPLE)
        sample = values.take(pa.array(np.arange(0, len(values), step)))
        rows = np.zeros(BUCKETS, dtype=np.int64)
        for part in _hashed(sample, BUCKETS):
            rows += np.bincount(part.indices, minlength=BUCKETS)
        order = np.argsort(-rows, kind="stable")[:WIDTH]
        kept = np.sort(order[rows[order] >= FEWEST_ROWS])
        return cls(buckets=BUCKETS, kept=kept.tolist(), filled=float(rows[kept].sum() / max(1, len(sample))))

    @property
    def parts(self) -> list[str]:
        """The numbers that come of a text, in order."""
        return [*ALWAYS, *(f"bucket {bucket}" for bucket in self.kept)]

    def lengths(self, values: pa.ChunkedArray) -> list[Floats]:
        """Characters and words of each text; NaN where there is none."""
        counts = (pc.utf8_length(values), pc.count_substring_regex(values, r"\S+"))
        return [np.asarray(count.cast(pa.float64()).to_numpy(), dtype=np.float64) for count in counts]

    def encode(self, values: pa.ChunkedArray) -> Any:
        """How often each text has words of each kept bucket: a sparse matrix (CSR) of a row a text."""
        from scipy import sparse

        parts = [part[:, self.kept] for part in _hashed(values, self.buckets)]
        return parts[0] if len(parts) == 1 else sparse.vstack(parts, format="csr")


def _hashed(values: pa.ChunkedArray, buckets: int) -> Iterator[Any]:
    # Only where a model has text: this import takes a second and tens of megabytes.
    from sklearn.feature_extraction.text import HashingVectorizer

    vectorizer = HashingVectorizer(n_features=buckets, norm=None, alternate_sign=False)
    for start in range(0, max(1, len(values)), CHUNK):
        texts = pc.utf8_slice_codeunits(pc.fill_null(values.slice(start, CHUNK), ""), 0, LONGEST)
        yield vectorizer.transform(texts.to_pylist())
