"""Predictions as the outputs of an inference request."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tasks.contract import Coding, State
from tasks.learning.answers import Answers
from tasks.learning.notes_header import header_of
from tasks.ledger.outcomes import Outcome
from tasks.protocols.inference_answer import PREDICTION, Output, column_output, wanted_outputs, write_answer
from tasks.protocols.inference_body import Inference
from tasks.protocols.names import COMPRESS
from tasks.tables.columns import ClassType
from tasks.tables.conforming.notes import Notes

#: The datatype of a prediction.
DATATYPES: Final[dict[ClassType, str]] = {
    "string": "BYTES",
    "integer": "INT64",
    "float": "FP64",
    "boolean": "BOOL",
    "none": "FP64",
}


def answer_tensors(
    answers: Answers,
    start: int,
    stop: int,
    inference: Inference,
    *,
    kept: Mapping[str, Any],
    notes: Notes | None,
    interval: float | None,
    query: Mapping[str, str],
) -> Outcome:
    """The outcome of the inference request whose rows these are: the outputs that it names, of those that a table of
    results has as columns; if it names none, the predictions alone, or all columns where it asks for more. Raises
    InvalidField."""
    if inference.outputs or kept or interval is not None or answers.explains:
        table = answers.table(start, stop, kept=kept, interval=interval)
        names = wanted_outputs(inference, table.column_names)
        outputs = [column_output(name, table.column(name)) for name in names]
    else:
        outputs = [Output(PREDICTION, DATATYPES[answers.loaded.schema.class_type], answers.values(start, stop))]
    coding = query.get(COMPRESS)
    media, body = write_answer(
        inference,
        outputs,
        model=answers.loaded.model,
        version=answers.loaded.version,
        coding=Coding(coding) if coding else None,
    )
    found = notes.found if notes else []
    header, noted = header_of(found) if found else "", dict(notes.counts) if notes else {}
    return Outcome(State.SUCCEEDED, media, body, rows=stop - start, notes=header, noted=noted)
