"""The body of an invocation in JSON: the four forms of MLflow's scoring protocol.

https://mlflow.org/docs/latest/ml/deployment/deploy-model-locally (Inference Server Specification). Where MLflow casts
in silence, this refuses: a text is no number, and a row has the columns that it has.
"""

from __future__ import annotations

import json
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField, MalformedBody
from tasks.tables.bounds import Bounds
from tasks.tables.checks import json_pointer, kind_of, listed
from tasks.tables.columns import Schema
from tasks.tables.conforming.documents import asked_of
from tasks.tables.conforming.ways import Ways
from tasks.tables.json_size import check_size
from tasks.tables.malformed import not_json
from tasks.tables.reading.json_forms import Document, refuse_twice, split
from tasks.tables.rows import Rows

#: The forms, of which a body has one.
SPLIT: Final = "dataframe_split"
RECORDS: Final = "dataframe_records"
INSTANCES: Final = "instances"
INPUTS: Final = "inputs"
FORMS: Final = (SPLIT, RECORDS, INSTANCES, INPUTS)
#: What MLflow hands to models that take params.
PARAMS: Final = "params"


def read_invocation(body: bytes, schema: Schema, bounds: Bounds, ways: Ways) -> Rows:
    """The rows, checked and forgiven by the rules of `tasks.tables.conforming.asked`; NaN is a missing value.

    Raises BodyTooLarge, MalformedBody, InvalidField, InvalidTable, InvalidRows.
    """
    check_size(body, bounds)
    found = asked_of(_document(_decoded(body)), schema, ways, bounds)
    return Rows(table=found.table, kept=found.kept, notes=found.notes)


def _decoded(body: bytes) -> Any:
    try:
        value = _loads(body)
        refuse_twice(body, value)
    except RecursionError:
        raise MalformedBody("the body is nested too deeply to be a table") from None
    except ValueError as error:
        raise _not_json(body, error) from error
    return value


def _loads(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return json.loads(body, parse_constant=_constant)


def _constant(name: str) -> float | None:
    """What Python writes for numbers that JSON has not."""
    return None if name == "NaN" else float(name)


def _not_json(body: bytes, error: Exception) -> MalformedBody:
    try:
        msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as said:
        return not_json(body, said)
    return not_json(body, error)


def _document(value: Any) -> Document:
    if not isinstance(value, dict):
        raise InvalidField(f"the body is {kind_of(value)}; send an object with one of {', '.join(FORMS)}")
    if unknown := [name for name in value if name not in (*FORMS, PARAMS)]:
        raise InvalidField(f"unknown keys: {listed(unknown)}; send one of {', '.join(FORMS)}").at(
            json_pointer(unknown[0])
        )
    forms = [name for name in FORMS if name in value]
    if len(forms) != 1:
        raise InvalidField(f"the body has {' and '.join(forms) or 'none of the forms'}; send one of {', '.join(FORMS)}")
    if value.get(PARAMS):
        raise InvalidField("params are not taken; what else an estimate may say stands in the query").at(f"/{PARAMS}")
    form = forms[0]
    return _DOCUMENTS[form](value[form], form)


def _split(value: Any, form: str) -> Document:
    if not (isinstance(value, dict) and isinstance(value.get("columns"), list) and "data" in value):
        raise InvalidField(f"{form} must be an object with columns, a list of names, and data, a list of rows").at(
            f"/{form}"
        )
    return split(value, under=(form,))


def _rows(value: Any, form: str) -> Document:
    """A single value is a row of one."""
    if isinstance(value, list):
        value = [row if isinstance(row, dict | list) else [row] for row in value]
    return Document(value={"rows": value}, at=(form,))


def _columns_or_rows(value: Any, form: str) -> Document:
    if not isinstance(value, dict):
        return _rows(value, form)
    return Document(value={"columns": {name: _flat(column) for name, column in value.items()}}, at=(form,))


def _flat(column: Any) -> Any:
    """A column of shape [rows, 1] as one of [rows]."""
    if isinstance(column, list) and column and all(isinstance(row, list) and len(row) == 1 for row in column):
        return [row[0] for row in column]
    return column


_DOCUMENTS: Final = {SPLIT: _split, RECORDS: _rows, INSTANCES: _rows, INPUTS: _columns_or_rows}
