"""The data of a file, as an init prepares them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from tasks.conformance.trial import picked
from tasks.estimators.base import Dataset, Estimator
from tasks.tables.planning.options import wishes_of
from tasks.tables.planning.source import Source
from tasks.tables.reading.bodies import read
from tasks.tables.reading.hints import Hints
from tasks.tables.value_types.typing import typed


def prepared(estimator: Estimator[Any], file: Path, options: Mapping[str, Any], *, rows: int = 0) -> Dataset:
    """The data of so many rows (0: all); `options` are those of an init, with the `target`.

    Raises what the estimator raises, MalformedBody, InvalidTable, InvalidTarget, InvalidField.
    """
    reading = read(file.read_bytes(), Hints())
    table, _ = typed(reading.table, wishes_of(options), decimal=reading.decimal, said=reading.format != "csv")
    known = estimator.knowing(Source(index=reading.index))
    return known.prepare(picked(table, rows) if rows else table, options)
