"""A version in the form of ONNX: only where it answers as the version does."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField, ServiceError, Unavailable
from tasks.estimators.base import Estimator
from tasks.estimators.onnx_form import POINTER, answer, open_session, to_onnx
from tasks.exchange.samples import sample
from tasks.registry.records import Version
from tasks.registry.snapshots import read_dataset
from tasks.tables.columns import Schema
from tasks.tables.schema import missing_anywhere
from tasks.worker.runtime import Runtime

#: How far an answer may be from the version's, as a part of the largest of all; of chances, as it is. The trees of ONNX
#: add numbers of 32 bits, which are exact to some 1e-7.
TOLERANCE: Final = 1e-5
#: How many made up rows, and how many held-out ones at most, are compared.
ROWS: Final = 2000


def onnx(runtime: Runtime, model: str, record: Version, schema: Schema) -> bytes:
    """The version, whose record has its schema. Raises InvalidField where it has no such form, or where that answers
    otherwise, with the largest difference."""
    estimator = runtime.estimators.get(record.estimator)
    loaded = estimator.load(runtime.blobs.get(record.artefact))
    converted = to_onnx(estimator, loaded)
    made_up = converted.harder(sample(schema, ROWS))
    rows = pa.concat_tables([made_up, *_held_out(runtime, model, record, schema)])
    known = _known(estimator, loaded, rows, schema)
    try:
        found = answer(open_session(converted.data), converted.feed(rows), rows.num_rows)
    except ServiceError:
        raise
    except Exception as error:
        # The runtime's own, for what it cannot do.
        said = f"what onnx makes of this model cannot be run: {str(error).strip()}"[:480]
        raise InvalidField(f"{said}; take the zip along").at(POINTER) from error
    if found.shape != known.shape:
        raise InvalidField("what onnx makes of this model gives answers of another shape; take the zip along").at(
            POINTER
        )
    _compare(found, known, chances=bool(schema.classes))
    return described(
        converted.data, {"model": model, "schema": bytes(record.schema).decode(), "tolerance": str(TOLERANCE)}
    )


def _compare(found: npt.NDArray[np.float64], known: npt.NDArray[np.float64], *, chances: bool) -> None:
    scale = 1.0 if chances else max(float(np.abs(known).max()), float(np.finfo(np.float32).tiny))
    apart = np.nan_to_num(np.abs(found - known), nan=np.inf).max(axis=1)
    worst = int(apart.argmax())
    if apart[worst] > TOLERANCE * scale:
        many = int((apart > TOLERANCE * scale).sum())
        raise InvalidField(
            f"the form onnx of this model answers otherwise than the version does, in {many:,} of {len(apart):,} rows:"
            f" at the most by {apart[worst]:.6g} ({found[worst].max():.6g} where the version says"
            f" {known[worst].max():.6g}), where {TOLERANCE * scale:.3g} is allowed; take the zip along"
        ).at(POINTER)


def _known(estimator: Estimator[Any], loaded: Any, rows: pa.Table, schema: Schema) -> npt.NDArray[np.float64]:
    found = estimator.predict(loaded, rows)
    names = [f"probability_{index}" for index in range(len(schema.classes))] or ["prediction"]
    return np.column_stack([np.asarray(found.column(name).to_numpy(), dtype=np.float64) for name in names])


def _held_out(runtime: Runtime, model: str, record: Version, schema: Schema) -> list[pa.Table]:
    """Rows that the version was measured on, while its data is the model's."""
    snapshot = runtime.registry.model(model).snapshot
    if snapshot is None or snapshot.fingerprint != record.fingerprint:
        return []
    with suppress(Unavailable):
        tested = read_dataset(runtime.blobs, snapshot).tested.select(schema.names)
        return [tested.slice(0, ROWS).cast(sample(missing_anywhere(schema), 1).schema)]
    return []


def described(data: bytes, said: dict[str, str]) -> bytes:
    """The model, which says this of itself in its properties. The same model gives the same bytes in each process."""
    import onnx as library

    model = library.load_from_string(data)
    # Converters keep these in a set, whose order is another one in a process with another seed of `hash`.
    model.opset_import.sort(key=lambda one: str(one.domain))
    library.helper.set_model_props(model, said)
    return bytes(model.SerializeToString(deterministic=True))
