"""The table in a body, whatever it is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final

import msgspec
import pyarrow as pa

from tasks.contract import Coding
from tasks.errors import BodyTooLarge, InvalidField, InvalidRequest, MalformedBody
from tasks.tables.bounds import UNBOUNDED, Bounds
from tasks.tables.columns import Schema
from tasks.tables.finding_codes import finding
from tasks.tables.nested import nested_columns
from tasks.tables.reading.apart import read_apart
from tasks.tables.reading.arrow_body import read_arrow
from tasks.tables.reading.arrow_types import unified
from tasks.tables.reading.csv_table import read_csv
from tasks.tables.reading.csv_text import as_text, is_recoded
from tasks.tables.reading.forms import opened
from tasks.tables.reading.hints import Hints
from tasks.tables.reading.json_table import read_json
from tasks.tables.reading.pandas_index import index_of
from tasks.tables.reading.parquet_body import read_parquet
from tasks.tables.reading.result import Reading, counting, no_lines
from tasks.tables.reading.sniffing import NAMES, PROMISED, Format, format_of
from tasks.tables.unpacking import unpacked

#: How often a body may be packed, one around the other.
MOST_PACKED: Final = 2
_CODINGS: Final = {Format.GZIP: Coding.GZIP, Format.ZSTD: Coding.ZSTD}


@dataclass(frozen=True, kw_only=True)
class Opened:
    """A body of which it is known what it is, out of its form and unpacked."""

    data: bytes
    format: Format
    hints: Hints


def open_body(data: bytes, hints: Hints, bounds: Bounds = UNBOUNDED) -> Opened:
    """What a body is, by its first bytes; what the sender says of it counts where they tell nothing.

    Raises BodyTooLarge as soon as it unpacks to more than `bounds`; MalformedBody, which says what it is, for what is
    not read; InvalidField for a form that has fields beside its file, and for a sheet of what has none.
    """
    form = opened(data, hints.content_type)
    if form.fields:
        name = next(iter(form.fields))
        raise InvalidField(f"the form has a field {name[:80]!r} beside the file; give it as a query parameter")
    if form.data is not data:
        data, hints = form.data, msgspec.structs.replace(hints, content_type=form.content_type)
    for _ in range(MOST_PACKED + 1):
        kind = format_of(data, hints.media, encoded=is_recoded(data, hints))
        if kind not in _CODINGS:
            data, kind = _as_json(data, kind, hints, bounds)
            if hints.sheet and kind is not Format.XLSX:
                said = f"sheet names one of a workbook, and the body is {NAMES[kind]}; leave it out"
                raise InvalidField(said).at("?sheet")
            return Opened(data=data, format=kind, hints=hints)
        data = unpacked(data, _CODINGS[kind], bounds)
    raise MalformedBody(f"the body is packed more than {MOST_PACKED} times; unpack it")


def _as_json(data: bytes, kind: Format, hints: Hints, bounds: Bounds) -> tuple[bytes, Format]:
    """JSON in UTF-8, if it is JSON in any encoding; else what is given."""
    if kind not in (Format.CSV, Format.JSON) or not is_recoded(data, hints):
        return data, kind
    text, _ = as_text(data, hints, bounds)
    return (text, Format.JSON) if format_of(text, hints.media) is Format.JSON else (data, kind)


def read_opened(body: Opened, schema: Schema | None = None, *, bounds: Bounds = UNBOUNDED) -> Reading:
    """The table in a body that is open.

    With a schema, fields of a CSV in its categories, texts and dates stay strings. Raises BodyTooLarge past `bounds`,
    before the memory is used; MalformedBody for bytes that cannot be read, in one sentence that says what they are;
    InvalidTable, InvalidField.
    """
    kind, said = body.format, PROMISED.get(body.hints.media)
    try:
        reading = _read(body, schema, bounds)
    except (BodyTooLarge, MemoryError):
        raise
    except MalformedBody as error:
        raise _mistaken(error, kind, said) from None
    except InvalidRequest:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError) as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        found = MalformedBody(f"the body is not valid {NAMES[kind]}: {reason.rstrip('.')}; send the whole of it")
        raise _mistaken(found, kind, said) from error
    if said is None or kind is said:
        return reading
    message = f"the body was said to be {NAMES[said]} and is {NAMES[kind]}, as which it was read"
    return replace(reading, findings=[finding("other_format", message), *reading.findings])


def read(data: bytes, hints: Hints, schema: Schema | None = None, *, bounds: Bounds = UNBOUNDED) -> Reading:
    """The table in a body: `open_body`, then `read_opened`."""
    return read_opened(open_body(data, hints, bounds), schema, bounds=bounds)


def read_table(data: bytes, content_type: str, schema: Schema | None = None, *, bounds: Bounds = UNBOUNDED) -> pa.Table:
    """What `read` finds, the table alone."""
    return read(data, Hints(content_type=content_type), schema, bounds=bounds).table


def _read(body: Opened, schema: Schema | None, bounds: Bounds) -> Reading:
    kind, data = body.format, body.data
    if kind is Format.JSON:
        nested = nested_columns(schema.columns) if schema else body.hints.nested
        return read_json(data, bounds, nested)
    if kind is Format.CSV:
        return read_csv(data, body.hints, bounds, schema)
    if kind is Format.FORM:
        raise MalformedBody("the body is a form inside of a form; send one file")
    if kind in (Format.ORC, Format.XLSX):
        table, told = read_apart(data, kind.value, bounds, sheet=body.hints.sheet)
        lines = counting(told.first_line) if told.first_line else no_lines
        return Reading(table=unified(table), format=kind.value, findings=told.findings, lines_of=lines)
    table = read_parquet(data, bounds) if kind is Format.PARQUET else read_arrow(data, bounds)
    return Reading(table=unified(table), format=kind.value, index=index_of(table))


def _mistaken(error: MalformedBody, kind: Format, said: Format | None) -> MalformedBody:
    """The error, with what the body was said to be if it is something else."""
    if said is None or kind is said:
        return error
    return MalformedBody(f"the body was said to be {NAMES[said]} and looks like {NAMES[kind]}: {error}")
