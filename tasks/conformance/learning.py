"""The process that fits and dumps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from tasks.conformance import fits, repeats, stored, telling
from tasks.conformance.beginning import import_estimator, prepare
from tasks.conformance.carrying_out import Step, Tell, begun, carry_out
from tasks.conformance.made_up import made_up
from tasks.conformance.observing import Observer
from tasks.conformance.request import Request
from tasks.conformance.trial import Trial, Watch, picked, unwatched
from tasks.estimators.base import Dataset, Estimator
from tasks.tables import formats

#: So many rows are asked for in most checks.
ASKED: Final = 200
#: What this process leaves for the other.
MODEL: Final = "model"
OTHER: Final = "other"
ROWS: Final = "rows.arrow"
ANSWER: Final = "answer.arrow"
SCHEMA: Final = "schema.json"

STEPS: Final[Sequence[Step]] = (
    Step("params", fits.params),
    Step("fit", fits.fit, vital=True),
    Step("a fit that is stopped", fits.stopping),
    Step("the answer", fits.answer, vital=True),
    Step("the same again", repeats.again, vital=True),
    Step("holdout", fits.score),
    Step("what it tells", telling.telling),
    Step("another model", fits.others, vital=True),
    Step("another fit", fits.again),
    Step("dump", stored.dump, vital=True),
)


def learn(request: Request, folder: Path, observer: Observer, tell: Tell) -> bool:
    """Carry out the checks, and leave the models in the folder; whether they are there."""
    estimator = begun("import", lambda remarks: import_estimator(request, observer, remarks), tell)
    if estimator is None:
        return False
    dataset = begun("data", lambda remarks: prepare(request, estimator, remarks), tell)
    if dataset is None:
        return False
    trial = trial_of(estimator, dataset, params=request.params, watch=observer.watching)
    if not carry_out(STEPS, trial, tell):
        return False
    (folder / MODEL).write_bytes(trial.dumped)
    (folder / OTHER).write_bytes(trial.other_dumped)
    (folder / ROWS).write_bytes(formats.to_ipc(trial.rows))
    (folder / ANSWER).write_bytes(formats.to_ipc(trial.answer))
    (folder / SCHEMA).write_bytes(msgspec.json.encode(trial.schema))
    return True


def trial_of(
    estimator: Estimator[Any], dataset: Dataset, *, params: Mapping[str, Any], watch: Watch = unwatched
) -> Trial:
    """What checks of fits need."""
    schema = dataset.schema
    rows = picked(dataset.tested.select(schema.names), ASKED) if dataset.tested.num_rows else made_up(schema)
    return Trial(estimator, schema, rows, params=dict(params), dataset=dataset, watch=watch)
