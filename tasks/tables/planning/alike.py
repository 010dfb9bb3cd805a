"""Columns that say the same as another one."""

from __future__ import annotations

import hashlib
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.planning.blocks import Matrix, each_block
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.sampling import sampled

#: Two columns are alike from this correlation on, whatever its sign.
ALIKE: Final = 0.9999
#: Most and fewest rows that are looked at, and most values (160 MB).
MOST_ROWS: Final = 2000
FEWEST_ROWS: Final = 20
MOST_CELLS: Final = 20_000_000
#: How many columns that look most like one are compared with it.
_NEXT: Final = 2


def look_for_copies(draft: Draft) -> None:
    """Say which features are another one again, in other units or under other names. Looks at a sample; each column is
    compared with those that a random weighing of the rows finds most like it, so that the time is that of a sort."""
    names = draft.features("number")
    rows = max(FEWEST_ROWS, min(MOST_ROWS, MOST_CELLS // max(len(names), 1)))
    table = sampled(draft.table, rows)
    if table.num_rows < FEWEST_ROWS:
        return
    if len(names) > 1:
        matrix = np.concatenate(each_block(lambda _, part: _standard(part), table, names), axis=1)
        for one, other in _pairs(matrix):
            _say(draft, names[one], names[other])
    seen: dict[bytes, str] = {}
    for name in draft.features("category"):
        first = seen.setdefault(_pattern(table.column(name)), name)
        if first != name:
            _say(draft, first, name)


def _say(draft: Draft, first: str, second: str) -> None:
    draft.find("near_duplicate", f"column {second!r} says the same as column {first!r}", column=second)


def _standard(matrix: Matrix) -> Matrix:
    """Each column with mean 0 and length 1; what is missing is 0."""
    lost = np.isnan(matrix)
    if lost.any():
        present = np.maximum((~lost).sum(axis=0), 1)
        matrix = np.where(lost, np.where(lost, 0.0, matrix).sum(axis=0) / present, matrix)
    matrix = matrix - matrix.mean(axis=0)
    length = np.sqrt((matrix * matrix).sum(axis=0))
    return np.asarray(matrix / np.where(length > 0, length, 1.0))


def _pairs(matrix: Matrix) -> list[tuple[int, int]]:
    """(one, another after it) of the columns that are alike, each column after another once."""
    weights = np.random.default_rng(0).standard_normal(len(matrix))
    order = np.argsort(np.abs(weights @ matrix), kind="stable")
    first: npt.NDArray[np.int64] = np.full(matrix.shape[1], -1, dtype=np.int64)
    for step in range(1, _NEXT + 1):
        near, far = order[:-step], order[step:]
        alike = np.abs(np.einsum("ij,ij->j", matrix[:, near], matrix[:, far])) >= ALIKE
        ones, others = np.minimum(near, far)[alike], np.maximum(near, far)[alike]
        first[others] = np.where(first[others] < 0, ones, np.minimum(first[others], ones))
    return [(int(first[index]), int(index)) for index in np.flatnonzero(first >= 0)]


def _pattern(values: pa.ChunkedArray) -> bytes:
    """The same for columns whose rows are alike in the same way, whatever the texts are."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    indices = values.combine_chunks().dictionary_encode().indices.fill_null(-1)
    return hashlib.blake2b(np.ascontiguousarray(indices.to_numpy()).tobytes(), digest_size=16).digest()
