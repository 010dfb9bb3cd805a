"""What is learned of a table, from the rows to learn from alone: categories, where values are missing, medians."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import Beside, Column, Schema
from tasks.tables.conforming.typical import typical_of
from tasks.tables.planning.draft import Draft
from tasks.tables.planning.limits import MOST_CATEGORIES
from tasks.tables.planning.number_statistics import NumberStatistics
from tasks.tables.planning.targets import classes_of


def whole_schema(draft: Draft) -> Schema:
    """The schema of all rows, with every text of every category; what may be missing anywhere may be missing."""
    classes, class_type = classes_of(draft)
    assert draft.target is not None
    assert draft.problem is not None
    return Schema(
        columns=[whole_column(draft, name) for name in draft.features()],
        target=draft.target,
        problem=draft.problem,
        classes=classes,
        class_type=class_type,
        beside=[
            Beside(name, column.role)
            for name, column in draft.columns.items()
            if column.role not in ("feature", "target")
        ],
    )


def whole_column(draft: Draft, name: str) -> Column:
    """A feature as all rows have it."""
    drafted = draft.columns[name]
    assert drafted.type is not None
    categories = _texts(draft.table.column(name)) if drafted.type == "category" else []
    return Column(name, drafted.type, categories, nullable=drafted.missing > 0, format=drafted.format)


def _texts(values: pa.ChunkedArray) -> list[str]:
    if pa.types.is_dictionary(values.type):
        values = values.cast(values.type.value_type)
    return sorted(pc.unique(values).drop_null().to_pylist())


def learned_schema(schema: Schema, train: pa.Table, numbers: NumberStatistics) -> Schema:
    """The schema as the rows to learn from know it: the categories that they have, of more than 1,000 the most
    frequent; where they miss a value; what is typical; how far numbers go, and which are only 0 and 1. `numbers`: of
    its columns of numbers, in order."""
    figures = numbers.figures
    found = zip(figures.missing.tolist(), numbers.medians(), figures.low.tolist(), figures.high.tolist(), strict=True)
    columns = []
    for index, column in enumerate(schema.columns):
        values = train.column(index)
        if column.type == "number":
            missed, median, low, high = next(found)
            ends = {} if median is None else {"typical": median, "min": low, "max": high}
            flag = (low, high) == (0, 1) and not column.format and _is_whole(values)
            learned = msgspec.structs.replace(column, nullable=missed > 0, zero_one=flag, **ends)
        elif column.type == "category":
            counts = level_counts(values, len(column.categories))
            kept = _most_frequent(counts)
            texts = [column.categories[index] for index in kept]
            rest = int(counts.sum() - counts[kept].sum())
            usual = float(counts[kept].argmax()) if texts else None
            learned = msgspec.structs.replace(
                column, categories=texts, nullable=values.null_count + rest > 0, typical=usual
            )
        else:
            learned = msgspec.structs.replace(column, nullable=values.null_count > 0, typical=typical_of(values))
        columns.append(learned)
    return msgspec.structs.replace(schema, columns=columns, names_classes=True)


def recoded(part: pa.Table, before: Schema, schema: Schema) -> pa.Table:
    """A part whose categories are coded as in the schema `before`, coded as in the other; texts that it does not have
    are null, as they are in an estimate."""
    pairs = enumerate(zip(before.columns, schema.columns, strict=True))
    changed = [(index, old, new) for index, (old, new) in pairs if old.categories != new.categories]
    if not changed:
        return part
    arrays: list[Any] = list(part.columns)
    for index, old, new in changed:
        arrays[index] = _recoded(part.column(index), old.categories, new.categories)
    return pa.Table.from_arrays(arrays, schema=part.schema)


def _is_whole(values: pa.ChunkedArray) -> bool:
    floats = values.to_numpy()
    return bool(((np.floor(floats) == floats) | np.isnan(floats)).all())


def level_counts(values: pa.ChunkedArray, levels: int) -> npt.NDArray[np.int64]:
    """How often each category comes."""
    return np.bincount(_codes(values)[: len(values)] + 1, minlength=levels + 1)[1:]


def _codes(values: pa.ChunkedArray) -> npt.NDArray[np.int64]:
    """-1 for null."""
    parts = [np.asarray(chunk.indices.fill_null(-1).to_numpy(), dtype=np.int64) for chunk in values.chunks]
    return np.concatenate(parts) if parts else np.zeros(0, dtype=np.int64)


def _most_frequent(counts: npt.NDArray[np.int64]) -> npt.NDArray[np.intp]:
    present = np.flatnonzero(counts)
    if len(present) <= MOST_CATEGORIES:
        return present
    order = np.argsort(-counts[present], kind="stable")[:MOST_CATEGORIES]
    return np.sort(present[order])


def _recoded(values: pa.ChunkedArray, old: list[str], new: list[str]) -> pa.ChunkedArray:
    places = {text: index for index, text in enumerate(new)}
    mapping = np.array([places.get(text, -1) for text in old] + [-1], dtype=np.int32)
    codes = mapping[_codes(values)]
    dictionary = pa.array(new, pa.string())
    indices = pa.array(codes, pa.int32(), mask=codes < 0)
    return pa.chunked_array([pa.DictionaryArray.from_arrays(indices, dictionary)])
