"""The process that loads and predicts."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tasks.conformance import figures, odd_rows, parallel, repeats, stored
from tasks.conformance.beginning import import_estimator
from tasks.conformance.carrying_out import Step, Tell, begun, carry_out
from tasks.conformance.figures import lasting
from tasks.conformance.learning import ANSWER, MODEL, OTHER, ROWS, SCHEMA
from tasks.conformance.observing import Observer
from tasks.conformance.remarks import Remark, figure
from tasks.conformance.request import Request
from tasks.conformance.trial import Trial
from tasks.estimators.base import Estimator
from tasks.tables import formats
from tasks.tables.columns import Schema

STEPS: Final[Sequence[Step]] = (
    Step("a fresh process", repeats.fresh),
    Step("another version", repeats.others),
    Step("order of rows", repeats.order),
    Step("size of batches", repeats.batches),
    Step("missing values", odd_rows.missing),
    Step("new texts and categories", odd_rows.unseen),
    Step("values that do not fit", odd_rows.unfit),
    Step("threads", parallel.threads),
    Step("fork", parallel.fork),
    Step("speed", figures.speed),
)


def serve(request: Request, folder: Path, observer: Observer, tell: Tell) -> bool:
    """Carry out the checks with the models that `learn` left in the folder; whether all could be."""
    # What is to be said of the import the other process has said.
    estimator = import_estimator(request, observer, [])
    trial = begun("load", lambda remarks: load(estimator, folder, observer, remarks), tell)
    if trial is None:
        return False
    trial.params, trial.fork_seconds = request.params, request.fork_seconds
    return carry_out(STEPS, trial, tell)


def load(estimator: Estimator[Any], folder: Path, observer: Observer, remarks: list[Remark]) -> Trial:
    """The model and the rows, as they lie in the folder. Raises Failed."""
    data = (folder / MODEL).read_bytes()
    with observer.watching() as seen:
        model, found = stored.loaded(lambda: estimator.load(data))
    # Once more: the first time libraries are imported, and each call is looked at.
    start = time.perf_counter()
    estimator.load(data)
    remarks += [*seen, *found, figure(lasting(time.perf_counter() - start))]
    schema = msgspec.json.decode((folder / SCHEMA).read_bytes(), type=Schema)
    rows, answer = (formats.from_ipc((folder / name).read_bytes()) for name in (ROWS, ANSWER))
    other = (folder / OTHER).read_bytes()
    return Trial(estimator, schema, rows, model=model, other_dumped=other, predictions=answer, watch=observer.watching)
