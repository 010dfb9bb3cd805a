"""A model as files that plain scikit-learn and skops read, and how."""

from __future__ import annotations

from typing import Final

from tasks.tables.columns import AMOUNTS, Schema

#: The files: the first line of what is dumped, and what skops wrote.
HEADER: Final = "header.json"
SKOPS: Final = "model.skops"

_LOAD: Final = '''```python
import json

import numpy as np
import skops.io

with open("header.json", encoding="utf-8") as file:
    header = json.load(file)
# Look at what these types are before you trust them.
unknown = skops.io.get_untrusted_types(file="model.skops")
pipeline = skops.io.load("model.skops", trusted=unknown)
words = iter(header["words"])
for name, step, _ in pipeline[0].transformers_:
    for _, part in getattr(step, "steps", [(name, step)]):
        if not getattr(part, "fixed_vocabulary_", True):
            part.vocabulary_ = {word: number for number, word in enumerate(next(words))}


def value(row, column):
    """A value as the model knows it: what is missing is NaN, None, or no text; so is a category that it never saw."""
    found = row.get(column["name"])
    if found is None or found != found:
        found = column["typical"] if not column["nullable"] else None
        if found is not None and column["type"] == "category":
            found = column["categories"][int(found)]
    if column["type"] == "text":
        return found or ""
    if column["type"] == "category":
        return found if found in column["categories"] else None
    return np.nan if found is None else float(found)


def matrix(rows):
    """Rows, each a dict by the names of the columns, as the pipeline takes them."""
    return np.array([[value(row, column) for column in header["schema"]["columns"]] for row in rows], dtype=object)
```
'''


def files(data: bytes) -> dict[str, bytes]:
    """What was dumped, as files that are it when they are joined."""
    head, newline, body = data.partition(b"\n")
    return {HEADER: head + newline, SKOPS: body}


def use(schema: Schema) -> str:
    """How the files are used with plain scikit-learn, in Markdown."""
    dates = [column.name for column in schema.columns if column.type == "date"]
    made = (
        f"Numbers are made of each date ({', '.join(map(repr, dates))}) before the pipeline sees them, as `features`"
        " says; without this service you have to make them.\n\n"
        if dates
        else ""
    )
    says = (
        "`pipeline.predict(matrix(rows))` is the prediction of each row."
        if schema.problem in AMOUNTS
        else "`pipeline.predict_proba(matrix(rows))` has a column for each of `pipeline.classes_`, which are places in"
        " the schema's `classes`; the service then applies the calibration and the threshold of `decision` in"
        " version.json, if there are any."
    )
    return (
        f"`{SKOPS}` is a Pipeline of scikit-learn, of the versions that `{HEADER}` names, as skops wrote it. The words"
        f" of its vectorizers are in `{HEADER}`:\n\n{_LOAD}\n{made}{says}\n"
    )
