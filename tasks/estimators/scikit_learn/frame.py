"""A conformed table as scikit-learn's ColumnTransformer asks for columns: by their places, many or one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Self

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.tables.columns import Column, Schema
from tasks.tables.schema import numbers


class Frame:
    """Numbers and booleans as float64 with NaN, categories as text with None, text as text, "" where there is none.

    A pipeline that was fitted on this takes a pandas DataFrame with the same columns in the same order.
    """

    def __init__(self, table: pa.Table, schema: Schema) -> None:
        self._table = table
        self._columns = schema.columns
        self.shape = (table.num_rows, len(schema.columns))

    def __len__(self) -> int:
        return int(self.shape[0])

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> npt.NDArray[Any]:
        """All columns, which only what was told of none asks for."""
        return self.take(range(self.shape[1]), axis=1).astype(dtype)

    @property
    def iloc(self) -> Self:
        """What ColumnTransformer takes one column from."""
        return self

    def __getitem__(self, key: tuple[slice, int]) -> npt.NDArray[Any]:
        """One column: `frame.iloc[:, place]`."""
        return self._values(self._columns[key[1]])

    def take(self, places: Sequence[int], axis: int) -> npt.NDArray[Any]:
        """Some columns, side by side: float64, or objects if one of them is text."""
        chosen = [self._columns[place] for place in places]
        plain = all(column.type in ("number", "boolean") for column in chosen)
        found = np.empty((len(self), len(chosen)), np.float64 if plain else object)
        for place, column in enumerate(chosen):
            found[:, place] = self._values(column)
        return found

    def _values(self, column: Column) -> npt.NDArray[Any]:
        values = self._table.column(column.name)
        if column.type == "number":
            return numbers(values)
        if column.type == "boolean":
            return numbers(values.cast(pa.float64()))
        texts = values.cast(pa.string())
        if column.type == "text":
            texts = pc.fill_null(texts, "")
        return np.asarray(texts.to_numpy(), dtype=object)
