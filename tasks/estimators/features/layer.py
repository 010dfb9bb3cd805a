"""All dates and texts of a table as numbers, and a table's numbers as a matrix."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from tasks.estimators.features.dates import Dates
from tasks.estimators.features.texts import Encoded, Texts
from tasks.tables.columns import Column, ColumnType, Schema
from tasks.tables.schema import class_indices, numbers

#: Most scores of a text: one for each of the most frequent classes.
MOST_SCORES: Final = 20

Matrix = npt.NDArray[np.float64]
Vector = npt.NDArray[np.float64]
#: The numbers of texts that are known already, by the column's name.
Known = Mapping[str, Encoded]


class Features(msgspec.Struct, frozen=True):
    """How the dates and texts of a schema become numbers. Survives `msgspec.json`."""

    #: By the column's name. Other columns stay as they are.
    columns: dict[str, Dates | Texts] = {}

    def widths(self, schema: Schema) -> list[int]:
        """How many numbers come of each of the schema's columns, one at least."""
        return [len(self.columns[name].parts) if name in self.columns else 1 for name in schema.names]

    def filled(self, schema: Schema) -> float | None:
        """How many numbers of a row are not 0, on average, if there is text, which makes a matrix sparse."""
        texts = {name: how for name, how in self.columns.items() if isinstance(how, Texts)}
        if not texts:
            return None
        others = sum(width for name, width in zip(schema.names, self.widths(schema), strict=True) if name not in texts)
        return others + sum(len(how.dense) + how.filled for how in texts.values())

    def flat(self, schema: Schema) -> Schema:
        """The schema that has a column for each number: which buckets a text has are booleans."""
        if not self.columns:
            return schema
        return msgspec.structs.replace(schema, columns=[part for c in schema.columns for part in self._parts(c)])

    def _parts(self, column: Column) -> list[Column]:
        how = self.columns.get(column.name)
        if how is None:
            return [column]
        dense = len(how.dense) if isinstance(how, Texts) else len(how.parts)
        return [
            Column(
                name=f"{column.name}: {part}",
                type="number" if place < dense else "boolean",
                nullable=column.nullable and place < dense,
            )
            for place, part in enumerate(how.parts)
        ]

    def names(self, column: Column) -> list[str]:
        """What the numbers that come of a column are called in the flat schema."""
        return [part.name for part in self._parts(column)]

    def table(self, table: pa.Table, schema: Schema, known: Known | None = None) -> pa.Table:
        """A conformed table as one of the flat schema, and what else it has. `known` as in `matrix`."""
        if not self.columns:
            return table
        columns: dict[str, Any] = {}
        for column in schema.columns:
            values, how = table.column(column.name), self.columns.get(column.name)
            parts: list[Any] = [values]
            if isinstance(how, Dates):
                parts = how.encode(values)
            elif isinstance(how, Texts):
                *parts, buckets = _text(how, values, (known or {}).get(column.name))
                parts += list(buckets.toarray().T > 0)
            columns |= dict(zip(self.names(column), parts, strict=True))
        return pa.table({**columns, **{n: table.column(n) for n in table.column_names if n not in schema.names}})

    def matrix(self, table: pa.Table, schema: Schema, known: Known | None = None) -> Any:
        """The features of a conformed table, row after row: categories as codes, NaN for what is missing.

        Sparse (CSR) if there is text. Else one copy; by rows it is filled twice as fast as by columns, and predicted
        faster. `known`: what need not be found.
        """
        if not self.columns:
            return _filled(np.empty((table.num_rows, len(schema.columns))), table, schema)
        blocks: list[Any] = []
        for column in schema.columns:
            values, how = table.column(column.name), self.columns.get(column.name)
            if isinstance(how, Dates):
                blocks += how.encode(values)
            elif isinstance(how, Texts):
                blocks += _text(how, values, (known or {}).get(column.name))
            else:
                blocks.append(_numbers(values, column))
        return _joined(blocks)


@dataclass(frozen=True, slots=True)
class Fitted:
    """Features, and the numbers of the texts that they were fitted on."""

    features: Features
    known: Known = field(default_factory=dict)


#: For schemas without dates and texts.
PLAIN: Final = Features()


def fit(
    table: pa.Table,
    schema: Schema,
    *,
    weights: Vector | None = None,
    raw: frozenset[ColumnType] = frozenset(),
) -> Fitted:
    """For the rows to learn from, conformed, which count by their `weights`; columns of types in `raw` stay. Imports
    scikit-learn if there is text."""
    wanted = {"date", "text"} - raw
    if not any(column.type in wanted for column in schema.columns):
        return Fitted(PLAIN)
    columns: dict[str, Dates | Texts] = {}
    known = {}
    for column in schema.columns:
        values = table.column(column.name)
        if column.type not in wanted:
            continue
        if column.type == "date":
            columns[column.name] = Dates.fit(values)
        else:
            columns[column.name], known[column.name] = Texts.fit(values, _targets(table, schema), weights)
    return Fitted(Features(columns), known)


def _targets(table: pa.Table, schema: Schema) -> Matrix:
    """What is scored: the target of a regression, else for a class whether it is that one."""
    target = table.column(schema.target)
    if not schema.classes:
        return numbers(target)[:, None]
    found = class_indices(target, schema)
    counts = np.bincount(found, minlength=len(schema.classes))
    often = [1] if len(counts) == 2 else np.sort(np.argsort(-counts, kind="stable")[:MOST_SCORES])
    return np.asarray(found[:, None] == np.asarray(often)[None, :], dtype=np.float64)


def _text(how: Texts, values: pa.ChunkedArray, known: Encoded | None) -> list[Any]:
    dense, buckets = known or how.encode(values)
    return [*dense.T, buckets]


def _joined(blocks: list[Any]) -> Any:
    """Columns, and sparse matrices of several, side by side."""
    if all(isinstance(block, np.ndarray) for block in blocks):
        return np.column_stack(blocks)
    from scipy import sparse

    joined: list[Any] = []
    dense: list[Any] = []
    for block in blocks:
        if isinstance(block, np.ndarray):
            dense.append(block)
        else:
            joined += [np.column_stack(dense), block]
            dense = []
    return sparse.hstack([*joined, *([np.column_stack(dense)] if dense else [])], format="csr")


def _filled(matrix: Matrix, table: pa.Table, schema: Schema) -> Matrix:
    for index, column in enumerate(schema.columns):
        matrix[:, index] = _numbers(table.column(column.name), column)
    return matrix


def _numbers(values: pa.ChunkedArray, column: Column) -> Any:
    if column.type == "number":
        return values.to_numpy()
    if column.type == "boolean":
        return values.cast(pa.float64()).to_numpy()
    codes = [chunk.indices for chunk in values.chunks]
    return pc.cast(pa.chunked_array(codes, pa.int32()), pa.float64()).to_numpy()
