"""All dates and texts of a table as numbers, and a table's numbers as a matrix."""

from __future__ import annotations

from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.estimators.features.dates import Dates
from tasks.estimators.features.texts import Texts
from tasks.tables.columns import Column, Schema

Matrix = npt.NDArray[np.float64]


class Features(msgspec.Struct, frozen=True):
    """How the dates and texts of a schema become numbers. Survives `msgspec.json`."""

    #: By the column's name. Other columns stay as they are.
    columns: dict[str, Dates | Texts] = {}

    @classmethod
    def fit(cls, table: pa.Table, schema: Schema) -> Features:
        """For the rows to learn from, conformed. Imports scikit-learn if there is text."""
        fits: dict[str, Any] = {"date": Dates.fit, "text": Texts.fit}
        columns = {c.name: fits[c.type](table.column(c.name)) for c in schema.columns if c.type in fits}
        return cls(columns) if columns else PLAIN

    def widths(self, schema: Schema) -> list[int]:
        """How many numbers come of each of the schema's columns, one at least."""
        return [len(self.columns[name].parts) if name in self.columns else 1 for name in schema.names]

    def flat(self, schema: Schema) -> Schema:
        """The schema that has a column for each number."""
        if not self.columns:
            return schema
        return msgspec.structs.replace(schema, columns=[part for c in schema.columns for part in self._parts(c)])

    def _parts(self, column: Column) -> list[Column]:
        if column.name not in self.columns:
            return [column]
        parts = self.columns[column.name].parts
        return [Column(name=f"{column.name}: {part}", type="number", nullable=column.nullable) for part in parts]

    def matrix(self, table: pa.Table, schema: Schema) -> Any:
        """The features of a conformed table, row after row: categories as codes, NaN for what is missing.

        Sparse (CSR) if there is text. Else one copy; by rows it is filled twice as fast as by columns, and predicted
        faster.
        """
        if not self.columns:
            return _filled(np.empty((table.num_rows, len(schema.columns))), table, schema)
        blocks: list[Any] = []
        dense: list[Any] = []
        for column in schema.columns:
            values, how = table.column(column.name), self.columns.get(column.name)
            if isinstance(how, Dates):
                dense += how.encode(values)
            elif isinstance(how, Texts):
                dense += how.lengths(values)
                blocks += [_dense(dense, table.num_rows), how.encode(values)]
                dense = []
            else:
                dense.append(_numbers(values, column))
        if not blocks:
            return _dense(dense, table.num_rows)
        from scipy import sparse

        return sparse.hstack([*blocks, *([_dense(dense, table.num_rows)] if dense else [])], format="csr")


#: For schemas without dates and texts.
PLAIN: Final = Features()


def _filled(matrix: Matrix, table: pa.Table, schema: Schema) -> Matrix:
    for index, column in enumerate(schema.columns):
        matrix[:, index] = _numbers(table.column(column.name), column)
    return matrix


def _dense(columns: list[Any], rows: int) -> Matrix:
    matrix = np.empty((rows, len(columns)))
    for index, values in enumerate(columns):
        matrix[:, index] = values
    return matrix


def _numbers(values: pa.ChunkedArray, column: Column) -> Any:
    if column.type == "number":
        return values.to_numpy()
    if column.type == "boolean":
        return values.cast(pa.float64()).to_numpy()
    codes = [chunk.indices for chunk in values.chunks]
    return pc.cast(pa.chunked_array(codes, pa.int32()), pa.float64()).to_numpy()
