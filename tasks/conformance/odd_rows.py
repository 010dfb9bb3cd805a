"""Checks of rows that no table had: missing values, new categories, texts and dates, and what does not fit."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

from tasks.conformance.attempts import Failed
from tasks.conformance.comparing import difference
from tasks.conformance.fits import sums_off
from tasks.conformance.remarks import Remark, fault, warning
from tasks.conformance.trial import Trial, picked
from tasks.errors import InvalidRequest
from tasks.tables.columns import Column
from tasks.tables.row_reader import RowReader

#: So many rows are made up.
MADE: Final = 20
#: A word that no text has.
NEW_WORD: Final = "zyxquonk"
#: How far a made-up date is beyond those of the table.
LATER: Final = datetime.timedelta(days=400)
#: A value that no column of the type can have, in JSON.
IMPOSSIBLE: Final[Mapping[str, Any]] = {
    "number": "many",
    "boolean": "perhaps",
    "date": "some day",
    "text": [],
    "category": [],
}

Rows = list[dict[str, Any]]


def missing(trial: Trial) -> Iterator[Remark]:
    """Rows in which values are missing are answered, or refused in words."""
    rows = _rows(trial)
    empty = [dict.fromkeys(rows[0]), *({**rows[0], name: None} for name in trial.schema.names)]
    yield from _answered(trial, empty, "rows with missing values")


def unseen(trial: Trial) -> Iterator[Remark]:
    """New categories, texts, dates and larger numbers are answered, and new texts not all alike."""
    rows = _rows(trial)
    made = [{c.name: _new(c, row[c.name], rows, place) for c in trial.schema.columns} for place, row in enumerate(rows)]
    yield from _answered(trial, made, "rows with new categories, texts and dates")
    yield from _texts(trial, rows, made)


def unfit(trial: Trial) -> Iterator[Remark]:
    """Values of another type are refused before the estimator sees them."""
    reader, row = RowReader(trial.schema), _rows(trial)[0]
    for column in trial.schema.columns:
        try:
            reader.read(_body([{**row, column.name: IMPOSSIBLE[column.type]}]))
        except InvalidRequest:
            continue
        yield fault(
            f"{IMPOSSIBLE[column.type]!r} in {column.name!r}, which is of type {column.type}, is not refused",
            "let prepare give each column the type that its values have",
        )


def _answered(trial: Trial, rows: Rows, what: str) -> Iterator[Remark]:
    try:
        answer = _ask(trial, rows)
    except InvalidRequest:
        # Refused in words that the caller sees.
        return
    except Failed as failed:
        cause = failed.__cause__
        if not isinstance(cause, InvalidRequest):
            yield fault(
                f"{what}: {failed}",
                "fill in or refuse such values: raise InvalidRows of tasks.errors, which reaches the caller as 422",
            )
        return
    for remark in sums_off(answer):
        yield msgspec.structs.replace(remark, message=f"{what}: {remark.message}")


def _texts(trial: Trial, rows: Rows, made: Rows) -> Iterator[Remark]:
    """Whether new texts are told apart where known ones are, with all else the same."""
    names = [column.name for column in trial.schema.columns if column.type in ("text", "category")]
    wide = [name for name in names if len({row[name] for row in rows}) > len(rows) / 2]
    if not wide:
        return
    known, new = ([{**rows[0], **{name: row[name] for name in wide}} for row in some] for some in (rows, made))
    try:
        one, other = _ask(trial, known), _ask(trial, new)
    except (Failed, InvalidRequest):
        return
    if _vary(one) and not _vary(other):
        types = {column.name: column.type for column in trial.schema.columns}
        yield warning(
            f"all new texts in {', '.join(map(repr, wide))} get the same answer, though known ones do not",
            "learn from their words: "
            + (
                'what is read as a category is learned by heart; say --options \'{"columns": {"'
                f'{wide[0]}": {{"type": "text"}}}}}}\', and the same at init'
                if any(types[name] == "category" for name in wide)
                else "a text that is not in the table is not known as a whole"
            ),
        )


def _vary(answer: pa.Table) -> bool:
    return any(difference(answer.slice(0, 1), answer.slice(row, 1), ways=("", "")) for row in range(1, answer.num_rows))


def _ask(trial: Trial, rows: Rows) -> pa.Table:
    """The answer for rows as a service reads them. Raises Failed, InvalidRequest."""
    reader = RowReader(trial.schema)
    table = reader.table([reader.read(_body(rows))])
    return trial.ask(table)


def _rows(trial: Trial) -> Rows:
    found: Rows = picked(trial.rows, MADE).to_pylist()
    # NaN, which is no JSON, is a missing number.
    return [{name: None if value != value else value for name, value in row.items()} for row in found]


def _body(rows: Rows) -> bytes:
    return msgspec.json.encode({"rows": rows})


def _new(column: Column, value: Any, rows: Sequence[Mapping[str, Any]], place: int) -> Any:
    """A value that the table does not have."""
    if column.type == "category":
        return f"{NEW_WORD} {place}"
    if column.type == "text":
        # Words of two texts, so that they mean something, and one that is new.
        here, there = (str(rows[p % len(rows)][column.name] or "").split() for p in (place, place + 1))
        return " ".join([*here[: len(here) // 2 + 1], NEW_WORD, *there[len(there) // 2 :]])
    if column.type == "date":
        return value + LATER if value is not None else None
    if column.type == "number" and value is not None and not column.zero_one:
        return value * 3 + 1
    return value
