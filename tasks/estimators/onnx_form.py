"""Models in the form of ONNX, for runtimes of other languages. What a converter makes is not trusted here: who hands it
out has to see that it answers alike."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import InvalidField

#: The pointer of its refusals.
POINTER: Final = "?format"
#: Said where a package of the extra `onnx` is missing.
MISSING: Final = "the form onnx needs packages that are not installed here ({}): pip install 'mlservice[onnx]'"


@dataclass(frozen=True, slots=True)
class OnnxModel:
    """A model in the form of ONNX."""

    #: The bytes of a `ModelProto`.
    data: bytes
    #: What it is given for a conformed table, by the names of its inputs.
    feed: Callable[[pa.Table], Mapping[str, npt.NDArray[Any]]]
    #: Makes the rows of a conformed table such as a converted model may get wrong.
    harder: Callable[[pa.Table], pa.Table]


@runtime_checkable
class ToOnnx(Protocol):
    """An estimator whose models have such a form."""

    def onnx(self, model: Any) -> OnnxModel:
        """The model in that form: its last output has a row for each row, of the prediction, or of the chances of all
        classes. Raises InvalidField for a model that has none."""


def to_onnx(estimator: Any, model: Any) -> OnnxModel:
    """The model of an estimator in the form of ONNX. Raises InvalidField where it has none, or a package is missing."""
    if not isinstance(estimator, ToOnnx):
        raise InvalidField("models of this estimator have no form onnx; take the zip along").at(POINTER)
    try:
        return estimator.onnx(model)
    except ImportError as error:
        raise InvalidField(MISSING.format(error.name or error)).at(POINTER) from error


def open_session(data: bytes) -> Any:
    """What asks such a model, by one thread. Raises InvalidField if the package is missing."""
    try:
        import onnxruntime
    except ImportError as error:
        raise InvalidField(MISSING.format(error.name or error)).at(POINTER) from error
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    # It warns of shapes that a converter left open.
    options.log_severity_level = 4
    return onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])


def answer(session: Any, feed: Mapping[str, npt.NDArray[Any]], rows: int) -> npt.NDArray[np.float64]:
    """What the model says: a row for each row."""
    found = session.run(None, dict(feed))[-1]
    return np.asarray(found, dtype=np.float64).reshape(rows, -1)
