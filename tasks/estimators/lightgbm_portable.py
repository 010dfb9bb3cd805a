"""A model of LightGBM as files that plain LightGBM reads, and how."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import msgspec

from tasks.estimators.features.layer import PLAIN, Features
from tasks.tables.columns import Schema

#: The files: the first line of what is dumped, and LightGBM's own text.
HEADER: Final = "header.json"
TEXT: Final = "model.txt"

#: The text of one of several quantiles.
QUANTILE_TEXT: Final = "model_quantile_{}.txt"


#: The format of a dumped model: its first line is a `Header`; the library's own text follows.
FORMAT: Final = 1
#: The same of a model of several quantiles.
SEVERAL: Final = 2


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line of a dumped model, as JSON."""

    format: int
    schema: Schema
    features: Features = PLAIN
    #: Of several quantiles: each, and how many bytes its text has.
    quantiles: list[tuple[float, int]] = []


_LOAD: Final = '''```python
import json
from pathlib import Path

import lightgbm
import numpy as np

schema = json.loads(Path("schema.json").read_text(encoding="utf-8"))
# One, or one for each quantile.
boosters = [lightgbm.Booster(model_file=file) for file in sorted(Path().glob("model*.txt"))]


def number(value, column):
    """A value as the model knows it: a category is its place in the list, what is missing or unknown is NaN."""
    if value is not None and column["type"] == "category":
        value = column["categories"].index(value) if value in column["categories"] else None
    elif value is not None and value != value:
        value = None
    if value is None and not column["nullable"] and column["typical"] is not None:
        value = column["typical"]
    return np.nan if value is None else float(value)


def raw(rows):
    """What the model says of rows, each a dict by the names of the columns."""
    matrix = [[number(row.get(column["name"]), column) for column in schema["columns"]] for row in rows]
    numbers = np.array(matrix, dtype=float).reshape(len(rows), len(schema["columns"]))
    found = [booster.predict(numbers) for booster in boosters]
    return found[0] if len(found) == 1 else np.sort(np.column_stack(found), axis=1)
```
'''
_SAYS: Final = {
    "regression": "`raw(rows)` is the prediction of each row. Of several quantiles each has a file, such as"
    f" `{QUANTILE_TEXT.format(0.9)}`, and `raw(rows)` has all of them in each row, the lowest first.",
    "ranking": "`raw(rows)` is the score of each row: of the rows of one query the highest come first.",
    "binary": "`raw(rows)` is the chance of `schema['classes'][1]` in each row; the service then applies the"
    " calibration and the threshold of `decision` in version.json, if there are any.",
    "multiclass": "`raw(rows)` has the chance of each of `schema['classes']` in each row; the service then applies the"
    " calibration of `decision` in version.json, if there is any.",
}


def joined(header: Header, texts: Sequence[bytes]) -> bytes:
    """A model as it is dumped, from LightGBM's own texts."""
    return b"".join([msgspec.json.encode(header), b"\n", *texts])


def files(data: bytes) -> dict[str, bytes]:
    """What was dumped, as files that are it when they are joined."""
    head, newline, text = data.partition(b"\n")
    found, start = {HEADER: head + newline}, 0
    for level, size in msgspec.json.decode(head, type=Header).quantiles:
        found[QUANTILE_TEXT.format(level)] = text[start : start + size]
        start += size
    return found if start else {**found, TEXT: text}


def use(schema: Schema) -> str:
    """How the files are used with plain LightGBM, in Markdown."""
    made = [column.name for column in schema.columns if column.type in ("date", "text")]
    if made:
        return (
            f"`{TEXT}` is LightGBM's own format, but its features are not the columns alone: several numbers are made"
            f" of each date and text ({', '.join(map(repr, made))}), as `features` in `{HEADER}` says. Who uses it with"
            " plain LightGBM has to make them; a service of this kind does it by itself.\n"
        )
    return (
        f"`{TEXT}` is LightGBM's own format. Its features `f0`, `f1`, ... are the columns of `schema.json` in order;"
        " categories are numbers, and only these:\n\n"
        f"{_LOAD}\n{_SAYS[schema.problem]}\n"
    )
