"""Rows of requests and answers, for the service in memory: plain Python, and pyarrow for Arrow alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import msgspec

from tasks.calling.request import Request, encode
from tasks.contract import Media
from tasks.errors import InvalidField, MalformedBody

Row = dict[str, Any]


def read_rows(request: Request, columns: Sequence[str] = ()) -> list[Row]:
    """The rows of a body, by name. `columns`: what the cells of rows are called that come as lists. Raises
    MalformedBody, InvalidField."""
    if request.media is Media.JSON:
        return _of_json(request.body, columns)
    if request.media is Media.CSV:
        return [{name: _cell(text) for name, text in row.items()} for row in csv.DictReader(_lines(request.body))]
    if request.media is Media.ARROW:
        rows: list[Row] = import_module("pyarrow").ipc.open_stream(request.body).read_all().to_pylist()
        return rows
    raise InvalidField(f"the service in memory reads JSON, CSV and Arrow, not {request.media}")


def write_result(accept: Media, document: dict[str, Any]) -> bytes:
    """An answer in the media type that was asked for."""
    if accept is Media.CSV:
        sink = io.StringIO()
        csv.writer(sink, lineterminator="\n").writerows(
            [["prediction"], *([value] for value in document["predictions"])]
        )
        return sink.getvalue().encode()
    if accept is Media.ARROW:
        pyarrow = import_module("pyarrow")
        table, out = pyarrow.table({"prediction": list(document["predictions"])}), io.BytesIO()
        with pyarrow.ipc.new_stream(out, table.schema) as writer:
            writer.write_table(table)
        return out.getvalue()
    return encode(document)


def _of_json(body: bytes, columns: Sequence[str]) -> list[Row]:
    try:
        said = msgspec.json.decode(body, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise MalformedBody(f"the body is not valid JSON: {error}") from error
    if "columns" in said:
        names = list(said["columns"])
        return [dict(zip(names, row, strict=True)) for row in zip(*said["columns"].values(), strict=True)]
    return [row if isinstance(row, dict) else _named(row, columns) for row in said.get("rows", [])]


def _named(row: Sequence[Any], columns: Sequence[str]) -> Row:
    # A function that was given alone says nothing of columns.
    names = columns or [f"column_{number}" for number in range(len(row))]
    if len(names) != len(row):
        raise InvalidField(f"a row has {len(row)} cells, and the model has {len(names)} columns").at("/rows/0")
    return dict(zip(names, row, strict=True))


def _lines(body: bytes) -> io.StringIO:
    try:
        return io.StringIO(body.decode(), newline="")
    except UnicodeDecodeError:
        raise MalformedBody("the service in memory reads CSV in UTF-8 alone") from None


def _cell(text: str) -> Any:
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text or None
