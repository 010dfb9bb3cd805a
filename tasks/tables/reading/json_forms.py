"""The forms in which tools write a table as JSON, all as `{"rows": ...}` or `{"columns": ...}`."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField, InvalidTable, MalformedBody
from tasks.tables.checks import json_pointer, kind_of, listed
from tasks.tables.malformed import not_json
from tasks.tables.signs import BOM

#: The keys of pandas' `split`, and of its `table`.
_SPLIT: Final = frozenset({"columns", "index", "data"})
_TABLE: Final = frozenset({"schema", "data"})
_SCALARS: Final = (str, int, float, bool, type(None))


@dataclass(frozen=True, kw_only=True)
class Document:
    """A JSON body. `value` is `{"rows": ...}` or `{"columns": ...}`, whose content nobody has checked yet, or what else
    it was."""

    value: Any
    #: Where rows or columns are in the body as it came, as the parts of a JSON pointer.
    at: tuple[str, ...] = ("rows",)
    #: The names, where the body has rows of values and `value` columns of them.
    by_place: tuple[str, ...] = ()
    #: Whether it is one document a line.
    lines: bool = False
    #: Columns that the body says are an index.
    index: frozenset[str] = field(default_factory=frozenset)

    def pointer(self, row: int, column: str) -> str:
        """The JSON pointer to a value; of one document a line, the pointer inside of that."""
        if self.lines:
            return json_pointer(column)
        if self.by_place:
            return json_pointer(*self.at, row, self.by_place.index(column))
        by_rows = not isinstance(self.value, dict) or "rows" in self.value
        return json_pointer(*self.at, row, column) if by_rows else json_pointer(*self.at, column, row)


def document_of(data: bytes) -> Document:
    """The document in a body: a list of rows, a JSON object a line, pandas' `split` and `table`, and one single object
    become rows or columns; anything else stays as it is.

    Raises MalformedBody for what is not JSON (NaN and infinity are not) or gives a key twice in an object,
    InvalidTable and InvalidField for pandas' forms that do not hold a table.
    """
    data = data.removeprefix(BOM)
    value, lines = _decoded(data)
    refuse_twice(data, value, lines=lines)
    if lines:
        return Document(value={"rows": value}, at=(), lines=True)
    if isinstance(value, list):
        return Document(value={"rows": value}, at=())
    if not isinstance(value, dict) or not value:
        return Document(value=value)
    if value.keys() <= _SPLIT and isinstance(value.get("columns"), list) and "data" in value:
        return split(value)
    if value.keys() == _TABLE and isinstance(value["schema"], dict):
        key = value["schema"].get("primaryKey", [])
        names = frozenset(name for name in key if isinstance(name, str)) if isinstance(key, list) else frozenset[str]()
        return Document(value={"rows": value["data"]}, at=("data",), index=names)
    if value.keys() <= {"rows", "columns"}:
        return Document(value=value, at=("rows",) if "rows" in value else ("columns",))
    if all(isinstance(item, _SCALARS) for item in value.values()):
        return Document(value={"rows": [value]}, at=())
    if all(isinstance(item, dict) for item in value.values()):
        raise InvalidField(
            "the body is an object of objects, as pandas' to_json() writes it; write orient='records' or 'split', or"
            " send rows or columns"
        ).at(json_pointer(next(iter(value))))
    return Document(value=value)


def decode(data: bytes) -> Any:
    """Any one JSON document. Raises MalformedBody."""
    try:
        return _loads(data)
    except RecursionError:
        raise MalformedBody("the body is nested too deeply to be a table") from None
    except (msgspec.DecodeError, ValueError) as error:
        raise not_json(data, error) from error


def numbered_lines(data: bytes) -> Iterator[tuple[int, bytes]]:
    """(number from 1, text) of each line that is not empty."""
    for number, line in enumerate(data.removeprefix(BOM).split(b"\n"), 1):
        if text := line.strip():
            yield number, text


def _loads(data: bytes) -> Any:
    try:
        return msgspec.json.decode(data)
    except msgspec.ValidationError:
        # A number such as 1e999 is good JSON; that it is out of range is said with its row and column.
        return json.loads(data, parse_constant=_refuse_constant)


def _decoded(data: bytes) -> tuple[Any, bool]:
    """(the document, whether it is a list of one a line)."""
    try:
        return _loads(data), False
    except RecursionError:
        raise MalformedBody("the body is nested too deeply to be a table") from None
    except (msgspec.DecodeError, ValueError) as error:
        if not _has_lines(data):
            raise _whole(data, error) from error
    try:
        return msgspec.json.Decoder().decode_lines(data), True
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return [_line(number, text) for number, text in numbered_lines(data)], True


def _has_lines(data: bytes) -> bool:
    """Whether the first line is a document of its own."""
    first, _, rest = data.lstrip().partition(b"\n")
    try:
        return bool(rest.strip()) and isinstance(_loads(first), dict | list)
    except (msgspec.MsgspecError, ValueError, RecursionError):
        return False


def _line(number: int, text: bytes) -> Any:
    try:
        return decode(text)
    except MalformedBody as error:
        raise MalformedBody(f"line {number}: {error}") from None


def _whole(data: bytes, error: Exception) -> MalformedBody:
    found = not_json(data, error)
    if "trailing characters" in str(error) and b"\n" not in data.strip():
        return MalformedBody(
            f"{found}; of one document a line the line breaks are missing: curl -d takes them away, --data-binary does"
            " not"
        )
    return found


def _refuse_constant(name: str) -> float:
    raise MalformedBody(f"the body is not valid JSON: {name} is no JSON number; write null for a missing value")


def split(value: dict[str, Any], *, under: tuple[str, ...] = ()) -> Document:
    """The document of what pandas' `split` writes: names as `columns`, rows as `data`. `under`: what leads to it in the
    body. Raises InvalidTable."""
    names, rows = value["columns"], value["data"]
    if not all(isinstance(name, str) for name in names):
        place = next(place for place, name in enumerate(names) if not isinstance(name, str))
        raise InvalidTable(f"column {place} is named by {kind_of(names[place])}; give names as text").at(
            json_pointer(*under, "columns", place)
        )
    if len(set(names)) < len(names):
        twice = sorted({name for name in names if names.count(name) > 1})
        raise InvalidTable(f"columns given twice: {listed(twice)}; give every column a name of its own").at(
            json_pointer(*under, "columns")
        )
    if not isinstance(rows, list):
        raise InvalidTable(f"data is {kind_of(rows)}; send a list of rows").at(json_pointer(*under, "data"))
    for number, row in enumerate(rows):
        if not isinstance(row, list) or len(row) != len(names):
            found = f"has {len(row)} values" if isinstance(row, list) else f"is {kind_of(row)}"
            raise InvalidTable(f"row {number} {found} where {len(names)} are expected: {listed(names)}").at(
                json_pointer(*under, "data", number)
            )
    columns: Sequence[Any] = list(zip(*rows, strict=True)) if rows else [()] * len(names)
    by_name = {name: list(values) for name, values in zip(names, columns, strict=True)}
    return Document(value={"columns": by_name}, at=(*under, "data"), by_place=tuple(names))


def refuse_twice(data: bytes, value: Any, *, lines: bool = False) -> None:
    """Refuse a key that is given twice, of which the decoder kept the last without a word.

    Each text has two quotation marks. Only if there are more of them, or escaped ones, a slow reader looks closer.
    """
    if b"\\" not in data and data.count(b'"') == 2 * _texts(value):
        return
    try:
        for _, text in numbered_lines(data) if lines else ((0, data),):
            json.loads(text, object_pairs_hook=_once)
    except RecursionError:
        raise MalformedBody("the body is nested too deeply to be a table") from None


def _texts(value: Any) -> int:
    if isinstance(value, dict):
        return len(value) + sum(map(_texts, value.values()))
    if isinstance(value, list):
        flat = sum(type(item) is str for item in value)
        return flat + sum(_texts(item) for item in value if isinstance(item, dict | list))
    return int(isinstance(value, str))


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in pairs:
        if name in found:
            raise MalformedBody(f"the body gives {name!r} twice in one object; give it once")
        found[name] = value
    return found
