"""Small tables of all kinds of columns, and what is done with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.tables.schema import conform, missing_anywhere

ROWS: Final = 120
GOOD: Final = ("fine", "lovely", "splendid")
BAD: Final = ("awful", "broken", "poor")
OTHER: Final = ("this", "thing", "was", "seen", "today", "again", "there")


def estimator(**settings: Any) -> Estimator[Any]:
    """The one that ships."""
    return Catalogue({}, **{"threads": 1, **settings}).get("sklearn")


def mixed(problem: str = "binary") -> pa.Table:
    """Numbers, booleans, categories and text, some missing, of which the target `y` can be told."""
    chance = np.random.default_rng(0)
    x = chance.normal(size=ROWS)
    said = [
        " ".join([*chance.choice(OTHER, 5), chance.choice(GOOD if value > 0 else BAD), str(row)])
        for row, value in enumerate(x)
    ]
    raw = x + 0.2 * chance.normal(size=ROWS)
    target: Any = {
        "regression": raw * 3,
        "binary": np.where(raw > 0, "yes", "no"),
        "multiclass": np.array(["low", "middle", "top"])[np.digitize(raw, [-0.5, 0.5])],
    }[problem]
    return pa.table(
        {
            "x": [None if row % 9 == 0 else float(value) for row, value in enumerate(x)],
            "size": chance.normal(size=ROWS) * 100,
            "open": [row % 3 > 0 for row in range(ROWS)],
            "colour": [None if row % 13 == 0 else str(chance.choice(["red", "green", "blue"])) for row in range(ROWS)],
            "said": [None if row % 17 == 0 else text for row, text in enumerate(said)],
            "y": target,
        }
    )


def prepared(table: pa.Table, *, columns: Mapping[str, Any] | None = None, **options: Any) -> Dataset:
    """The dataset of a table with a column of text, `said`."""
    if columns is None:
        columns = {"said": {"type": "text"}} if "said" in table.column_names else {}
    return estimator().prepare(table, {"target": "y", "columns": columns, **options})


def fitted(dataset: Dataset, params: Mapping[str, Any], using: Estimator[Any] | None = None) -> Any:
    """A model, whose params were looked at before."""
    using = using or estimator()
    using.check(params)
    return using.fit(dataset, params, lambda *_: None)


def measuring(dataset: Dataset) -> pa.Table:
    """The rows that measure, as an estimate has them."""
    return conform(dataset.tested.select(dataset.schema.names), missing_anywhere(dataset.schema))
