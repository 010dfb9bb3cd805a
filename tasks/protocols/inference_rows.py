"""The inputs of an inference request as the rows of a model: a tensor for each column, or one for all of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidRows
from tasks.protocols.inference_body import Inference, read_inference
from tasks.protocols.inference_quick import QuickReader
from tasks.protocols.inference_tensors import Tensor, read_tensors
from tasks.tables.bounds import Bounds
from tasks.tables.checks import LARGEST, json_pointer, listed
from tasks.tables.columns import Schema
from tasks.tables.conforming.asked import asked
from tasks.tables.conforming.values import bounds as known_bounds
from tasks.tables.conforming.ways import Ways
from tasks.tables.reading.result import Reading
from tasks.tables.rows import Rows

#: What readings of inputs are called.
FORMAT: Final = "tensors"
#: Rows up to which numbers are handed on row by row, so that those of many requests become one table.
FEW: Final = 64
#: Whole numbers up to which each has its own FP32.
WHOLE: Final = 2**24


class TensorReader:
    """Reads the inputs of inference requests for one schema."""

    def __init__(self, schema: Schema) -> None:
        self._schema = schema
        self._names = schema.names
        self._numeric = all(column.type == "number" for column in schema.columns)
        self._quick = QuickReader(schema) if self._numeric else None
        limits = [known_bounds(column) or (-LARGEST, LARGEST) for column in schema.columns]
        self._least = np.array([max(least, -LARGEST) for least, _ in limits])
        self._most = np.array([min(most, LARGEST) for _, most in limits])

    def read_body(self, body: bytes, size: int | None, bounds: Bounds, ways: Ways) -> tuple[Rows, Inference]:
        """The rows of a body, as `read` gives them, and what else it says. `size`: of its JSON, if the client says so.

        Raises as `read_inference` and `read` do.
        """
        found = self._quick.read(body, size) if self._quick and not ways.keep else None
        if found is not None:
            return found
        inference, tail = read_inference(body, size, bounds)
        return self.read(inference, tail, bounds, ways), inference

    def read(self, inference: Inference, tail: memoryview, bounds: Bounds, ways: Ways) -> Rows:
        """The rows, checked and forgiven by the rules of `tasks.tables.conforming.asked`.

        A column is a tensor of its name and of shape [rows] or [rows, 1]. One tensor of shape [rows, columns] has all
        features, in the schema's order. Raises BodyTooLarge, MalformedBody, InvalidField; InvalidRows for the rest.
        """
        tensors = read_tensors(inference, tail, bounds)
        is_matrix = self._is_matrix(tensors)
        if self._numeric and not ways.keep:
            matrix = self._matrix(tensors, is_matrix=is_matrix)
            if matrix is not None:
                return _rows(matrix, self._names)
        return self._conformed(tensors, ways, is_matrix=is_matrix)

    def _is_matrix(self, tensors: Sequence[Tensor]) -> bool:
        """Whether there is one tensor, of all features. Raises InvalidRows for shapes that are neither that nor columns
        of one length."""
        first = tensors[0]
        width = len(self._names)
        if (
            len(tensors) == 1
            and first.is_matrix
            and first.columns == width
            and (width > 1 or first.name not in self._names)
        ):
            return True
        for place, tensor in enumerate(tensors):
            pointer = json_pointer("inputs", place, "shape")
            if tensor.columns != 1:
                raise InvalidRows(
                    f"the input {tensor.name[:80]!r} has {tensor.columns} columns, where the model has {width}:"
                    f" {listed(self._names)}; send one tensor of shape [rows, {width}], or a tensor for each column"
                ).at(pointer)
            if tensor.rows != first.rows:
                raise InvalidRows(
                    f"the input {tensor.name[:80]!r} has {tensor.rows} rows where {first.name[:80]!r} has {first.rows}"
                ).at(pointer)
        return False

    def _matrix(self, tensors: Sequence[Tensor], *, is_matrix: bool) -> npt.NDArray[np.float64] | None:
        """The rows as numbers; None where more has to be looked at: there are none, one is missing or unlike those of
        training, or a column is there that the model does not know, or is not."""
        if is_matrix:
            flat = _doubles(tensors[0].values)
            matrix = None if flat is None else flat.reshape(-1, len(self._names))
        else:
            by_name = {tensor.name: tensor.values for tensor in tensors}
            if by_name.keys() != set(self._names):
                return None
            columns = [_doubles(by_name[name]) for name in self._names]
            if any(column is None for column in columns):
                return None
            matrix = np.array(columns).T
        if matrix is None or not len(matrix) or not ((matrix >= self._least) & (matrix <= self._most)).all():
            return None
        return matrix

    def _conformed(self, tensors: Sequence[Tensor], ways: Ways, *, is_matrix: bool) -> Rows:
        if is_matrix:
            columns = {name: tensors[0].column(number) for number, name in enumerate(self._names)}
            places = dict.fromkeys(self._names, 0)
        else:
            columns = {tensor.name: tensor.column(0) for tensor in tensors}
            places = {tensor.name: place for place, tensor in enumerate(tensors)}
        try:
            found = asked(Reading(table=pa.table(columns), format=FORMAT), self._schema, ways)
        except InvalidRows as error:
            raise error.at(_pointer(error.pointer, places)) from None
        return Rows(table=found.table, kept=found.kept, notes=found.notes)


def _pointer(pointer: str | None, places: dict[str, int]) -> str:
    """Where the fault is in the request, which has tensors in place of rows."""
    name = (pointer or "").rpartition("/")[2].replace("~1", "/").replace("~0", "~")
    return json_pointer("inputs", places[name], "data") if name in places else "/inputs"


def _doubles(values: Any) -> npt.NDArray[np.float64] | None:
    """Numbers as 64-bit ones, which of FP32 are the decimal numbers that writers print of them; None of what is no
    number, or is missing, and of shorter floats."""
    if not isinstance(values, np.ndarray) or values.dtype.kind not in "iuf" or values.dtype.itemsize == 2:
        return None
    found = values.astype(np.float64)
    if values.dtype.kind == "f" and values.dtype.itemsize == 4:
        printed = (found != np.floor(found)) | (np.abs(found) > WHOLE)
        if printed.any():
            found[printed] = pa.array(values[printed]).cast(pa.string()).cast(pa.float64()).to_numpy()
    return found


def _rows(matrix: npt.NDArray[np.float64], names: Sequence[str]) -> Rows:
    if len(matrix) <= FEW:
        return Rows(rows=matrix.tolist())
    return Rows(table=pa.table([np.ascontiguousarray(column) for column in matrix.T], names=list(names)))
