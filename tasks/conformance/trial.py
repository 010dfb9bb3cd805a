"""An estimator with the data, the model and the rows that checks share."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.conformance.attempts import Failed, attempt
from tasks.conformance.remarks import Remark, fault
from tasks.conformance.request import FORK_SECONDS
from tasks.errors import EstimatorFailed
from tasks.estimators.asking import predictions
from tasks.estimators.base import Dataset, Estimator
from tasks.tables.columns import Schema

#: What to do about an error of `predict`.
MEND_PREDICT: Final = (
    "mend predict; in a service the type and the first line reach the caller, and the traceback the worker's log"
)

#: What to do about answers that are none.
KEEP_CONTRACT: Final = (
    "give an answer for each row that was asked for, in order, whatever is missing in it: a column `prediction`, of"
    " finite numbers or of classes, and for classes a column `probability_<i>` for each"
)
#: Remarks on what is done while it lasts.
Watch = Callable[[], AbstractContextManager[list[Remark]]]


def unwatched() -> AbstractContextManager[list[Remark]]:
    """For checks in a process that must not be watched."""
    return nullcontext([])


@dataclass
class Trial:
    """What is known so far; checks add to it."""

    estimator: Estimator[Any]
    schema: Schema
    #: Rows that no fit has seen, without the target, conformed.
    rows: pa.Table
    params: dict[str, Any] = field(default_factory=dict)
    #: Only where models are fitted.
    dataset: Dataset | None = None
    #: The model that is asked, and another one that learned from fewer rows.
    model: Any = None
    other: Any = None
    #: The answer of `model` for `rows`.
    predictions: pa.Table | None = None
    #: What `dump` made of both.
    dumped: bytes = b""
    other_dumped: bytes = b""
    watch: Watch = unwatched
    #: Longest time for the prediction of a forked process (seconds).
    fork_seconds: float = FORK_SECONDS

    @property
    def learned(self) -> Dataset:
        """The data, where models are fitted."""
        assert self.dataset is not None, "this process fits"
        return self.dataset

    @property
    def answer(self) -> pa.Table:
        """The answer of `model` for `rows`."""
        assert self.predictions is not None, "they were asked for first"
        return self.predictions

    def ask(self, rows: pa.Table, model: Any = None) -> pa.Table:
        """The answer of a model, `model` if none is given. Raises Failed."""
        asked = self.model if model is None else model
        try:
            return attempt(
                "predict", lambda: predictions(self.estimator, asked, rows, self.schema), remedy=MEND_PREDICT
            )
        except Failed as failed:
            if isinstance(broken := failed.__cause__, EstimatorFailed):
                raise Failed(fault(str(broken), KEEP_CONTRACT)) from broken
            raise


def picked(table: pa.Table, most: int) -> pa.Table:
    """So many rows of a table, spread over it; all if it has no more."""
    if table.num_rows <= most:
        return table
    return table.take(pa.array(np.linspace(0, table.num_rows - 1, most).astype(np.int64)))
