"""Columns that tell the target too well: it is in them, written otherwise, or they know what is only known after it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.tables.columns import AMOUNTS
from tasks.tables.planning.blocks import Matrix, each_block
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.sampling import sampled

#: A column alone that tells so much of what there is to tell of other rows is said (part).
TELLS: Final = 0.98
#: Fewest rows of which that is asked.
FEWEST_ROWS: Final = 100
#: A column of numbers is cut into so many parts of as many rows, of so many rows each at least.
MOST_BINS: Final = 32
BIN_ROWS: Final = 10
#: Of more classes it is not asked.
MOST_CLASSES: Final = 30

Codes = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


def look_for_tales(draft: Draft) -> None:
    """Say which columns are the target rewritten, and which tell it almost perfectly by themselves. Looks at a sample,
    of whose rows one half teaches and the other asks."""
    if draft.target is None or draft.problem is None or draft.faults:
        return
    table = sampled(draft.table.select([*draft.features("number", "category"), draft.target]))
    target = _target(table.column(draft.target))
    names = draft.features("number")
    bins = min(MOST_BINS, table.num_rows // BIN_ROWS)
    amounts = draft.problem in AMOUNTS

    def of_block(start: int, matrix: Matrix) -> tuple[list[str], npt.NDArray[np.bool_], Floats]:
        same = _same_order(matrix, target)
        told = _told(_binned(matrix, bins), bins, target, amounts, table.num_rows)
        return names[start : start + matrix.shape[1]], same, told

    for found, same, told in each_block(of_block, table, names):
        _say(draft, found, same, told)
    for name in draft.features("category"):
        codes = _codes(table.column(name))
        levels = int(codes.max()) + 1
        same = np.array([_one_to_one(codes, target)])
        told = _told(codes[:, None], levels, target, amounts, table.num_rows)
        _say(draft, [name], same, told)


def _say(draft: Draft, names: list[str], same: npt.NDArray[np.bool_], told: Floats) -> None:
    for index in np.flatnonzero(same | (told >= TELLS)).tolist():
        name = names[index]
        if same[index]:
            draft.find("target_rewritten", f"column {name!r} is the target {draft.target!r} rewritten", column=name)
        else:
            figure = "r2" if draft.problem in AMOUNTS else "the part of the errors of a guess that it mends"
            message = f"column {name!r} alone predicts the target almost perfectly: {figure} is {told[index]:.3f}"
            draft.find("leakage", message, column=name)


def _target(values: pa.ChunkedArray) -> Floats:
    if pa.types.is_integer(values.type) or pa.types.is_floating(values.type):
        return np.asarray(values.to_numpy(), dtype=np.float64)
    return _codes(values).astype(np.float64)


def _codes(values: pa.ChunkedArray) -> Codes:
    """A number for each different value, and one for null."""
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    coded = values.combine_chunks().dictionary_encode()
    return np.asarray(coded.indices.fill_null(len(coded.dictionary)).to_numpy(), dtype=np.int64)


def _same_order(matrix: Matrix, target: Floats) -> npt.NDArray[np.bool_]:
    """Which columns rise, or fall, exactly where the target does."""
    order = np.argsort(target, kind="stable")
    grows = (np.diff(target[order]) > 0)[:, None]
    steps = np.sign(np.diff(matrix[order], axis=0))
    return np.asarray((steps == grows).all(axis=0) | (steps == -1.0 * grows).all(axis=0))


def _one_to_one(codes: Codes, target: Floats) -> bool:
    classes = np.unique(target, return_inverse=True)[1]
    pairs = len(np.unique(codes * (classes.max() + 1) + classes))
    return bool(pairs == len(np.unique(codes)) == classes.max() + 1)


def _binned(matrix: Matrix, bins: int) -> Codes:
    """In which part of its column each number is; missing ones are in the last."""
    rows = len(matrix)
    ordered = np.sort(matrix, axis=0)
    codes: Codes = np.zeros(matrix.shape, dtype=np.int64)
    for edge in range(1, bins):
        codes += ~(matrix < ordered[edge * rows // bins])
    return codes


def _told(codes: Codes, bins: int, target: Floats, regression: bool, rows: int) -> Floats:
    """How much of the target each column of codes tells: r2, or by how much fewer rows are wrong than if the most
    frequent class was said of all."""
    width = codes.shape[1]
    classes = np.unique(target, return_inverse=True)[1]
    most = int(classes.max()) + 1
    if rows < FEWEST_ROWS or bins > rows // BIN_ROWS or (not regression and most > MOST_CLASSES):
        return np.zeros(width)
    places = codes + np.arange(width) * bins
    teach, ask = places[::2], places[1::2]
    if regression:
        return _r2(teach, ask, target, bins * width)
    taught = np.zeros((most, bins * width))
    for label in range(most):
        taught[label] = np.bincount(teach[classes[::2] == label].ravel(), minlength=bins * width)
    said = taught.argmax(axis=0)[ask]
    wrong = (said != classes[1::2][:, None]).mean(axis=0)
    usual = (classes[1::2] != np.bincount(classes[::2]).argmax()).mean()
    return np.asarray(1 - wrong / usual if usual else np.zeros(width))


def _r2(teach: Codes, ask: Codes, target: Floats, places: int) -> Floats:
    taught, asked = target[::2], target[1::2]
    counts = np.bincount(teach.ravel(), minlength=places)
    sums = np.bincount(teach.ravel(), weights=np.broadcast_to(taught[:, None], teach.shape).ravel(), minlength=places)
    means = np.where(counts > 0, sums / np.maximum(counts, 1), taught.mean())
    spread = ((asked - taught.mean()) ** 2).sum()
    left = ((asked[:, None] - means[ask]) ** 2).sum(axis=0)
    return np.asarray(1 - left / spread if spread else np.zeros(teach.shape[1]))
