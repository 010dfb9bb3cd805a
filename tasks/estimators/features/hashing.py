"""Words and pieces of words of texts, counted in hashed buckets: sparse matrices (CSR) of a row a text."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import chain
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.importing import COPIED, empty

#: Buckets of each kind: of words and pairs of words that follow each other, and of 3 to 5 characters in a row within a
#: word. The first kind comes first. Neither may ever change: models keep their numbers.
BUCKETS: Final = 2**17
_KINDS: Final[tuple[dict[str, Any], ...]] = (
    {"analyzer": "word", "ngram_range": (1, 2), "token_pattern": r"(?u)\b\w\w+\b"},
    {"analyzer": "char_wb", "ngram_range": (3, 5)},
)
#: Rows that are hashed at a time.
CHUNK: Final = 2_000
#: Characters of a text that are looked at: hashing takes half a microsecond for each.
LONGEST: Final = 5_000

Buckets = npt.NDArray[np.int32]


def counted(values: pa.ChunkedArray, buckets: Buckets | None = None) -> Iterator[Any]:
    """The counts in all buckets, or in these, which are ascending; of some texts at a time. A text that is missing has
    none. Imports scikit-learn.
    """
    from scipy import sparse

    words, pieces = (vectorizer.transform for vectorizer in _vectorizers())
    if buckets is not None:
        middle = np.searchsorted(buckets, BUCKETS)
        words, pieces = _only(words, buckets[:middle]), _only(pieces, buckets[middle:] - BUCKETS)
    for start in range(0, max(1, len(values)), CHUNK):
        texts = cut(values.slice(start, CHUNK)).to_pylist()
        vocabulary, often = _words_of(texts)
        # As if the texts themselves were cut into pieces; those of a word are the same each time.
        parts = often @ pieces(vocabulary or [""])
        yield sparse.hstack([words(texts), parts], format="csr")


def _only(transform: Callable[[list[str]], Any], buckets: Buckets) -> Callable[[list[str]], Any]:
    return lambda texts: selected(transform(texts), buckets)


def _words_of(texts: list[str]) -> tuple[list[str], Any]:
    """(all different words, parted by blanks and in lower case; how often each text has each)."""
    from scipy import sparse

    places: dict[str, int] = {}
    found = [[places.setdefault(word, len(places)) for word in text.lower().split()] for text in texts]
    ends = np.cumsum([0, *map(len, found)])
    which = np.fromiter(chain.from_iterable(found), np.int32, ends[-1])
    often = sparse.csr_matrix((np.ones(len(which), np.float32), which, ends), shape=(len(texts), max(1, len(places))))
    return list(places), often


@cache
def _vectorizers() -> tuple[Any, Any]:
    # 70 MB and a second or more, in processes that have text only.
    with empty(np, *COPIED):
        from sklearn.feature_extraction.text import HashingVectorizer

    how = {"n_features": BUCKETS, "norm": None, "alternate_sign": False, "lowercase": True, "dtype": np.float32}
    words, pieces = (HashingVectorizer(**kind, **how) for kind in _KINDS)
    return words, pieces


def cut(values: pa.ChunkedArray) -> pa.ChunkedArray:
    """The characters of each text that are looked at."""
    return pc.utf8_slice_codeunits(pc.fill_null(values, ""), 0, LONGEST)


def selected(counts: Any, buckets: Buckets) -> Any:
    """The columns of these buckets, which are ascending. For a single row faster than scipy's, which looks at all."""
    from scipy import sparse

    if not len(buckets):
        return sparse.csr_matrix((counts.shape[0], 0), dtype=counts.dtype)
    place = np.minimum(np.searchsorted(buckets, counts.indices), len(buckets) - 1)
    found = buckets[place] == counts.indices
    ends = np.concatenate([[0], np.cumsum(found)])[counts.indptr]
    return sparse.csr_matrix((counts.data[found], place[found], ends), shape=(counts.shape[0], len(buckets)))
