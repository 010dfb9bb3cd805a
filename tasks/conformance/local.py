"""An estimator that is tried in one process, for tests of it and for a debugger."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from tasks.conformance.beginning import NAME
from tasks.conformance.preparing import prepared
from tasks.estimators.base import Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.tables.row_reader import RowReader


class Local:
    """A model of the table in a file, which has been dumped and loaded as in a service.

    `params` are those of a train, `options` those of an init. Raises what the estimator raises, and InvalidTable,
    InvalidTarget, InvalidField, InvalidParams for what a service would refuse.
    """

    def __init__(
        self,
        estimator: type[Estimator[Any]],
        data: Path,
        *,
        target: str,
        params: Mapping[str, Any] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        path = f"{estimator.__module__}:{estimator.__qualname__}"
        self.estimator = Catalogue({NAME: path}, threads=1).get(NAME)
        self.dataset = prepared(self.estimator, data, {**(options or {}), "target": target})
        given = dict(params or {})
        self.estimator.check(given)
        fitted = self.estimator.fit(self.dataset, copy.deepcopy(given), lambda *_: None)
        self.model = self.estimator.load(self.estimator.dump(fitted))

    def predict(self, rows: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The predictions for rows. Raises InvalidRows."""
        reader = RowReader(self.dataset.schema)
        table: pa.Table = reader.table([reader.read(msgspec.json.encode({"rows": list(rows)}))])
        answers: list[Any] = self.estimator.predict(self.model, table).column("prediction").to_pylist()
        return answers
