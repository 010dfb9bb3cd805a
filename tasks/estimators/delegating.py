"""An estimator that passes everything on to another one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

import pyarrow as pa

from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.gang import Gang
from tasks.estimators.onnx_form import OnnxModel, to_onnx
from tasks.estimators.outcomes import Quantile
from tasks.tables.batch import Matrix, Numbers
from tasks.tables.columns import Schema
from tasks.tables.planning.source import Source
from tasks.tables.sides import Sides
from tasks.tables.splitting import Codes

#: What an estimator says of itself beside its methods.
SAYS = (
    *(
        "memory_bytes",
        "fast_code",
        "repeats",
        "takes",
        "raw",
        "Params",
        "CommonParams",
        "Options",
        "needs_rows",
        "columns",
        "target",
        "classes",
    ),
    *("batch_rows", "proven", "own_metrics"),
)


class Delegating(Estimator[Any]):
    """The same as `inner`, but for what a class derived from this does otherwise."""

    def __init__(self, inner: Estimator[Any]) -> None:
        super().__init__(inner.threads)
        self.inner = inner
        for name in SAYS:
            setattr(self, name, getattr(inner, name))

    def keeping(self, sides: Sides | None, *, last: Codes | None = None) -> Self:
        return type(self)(self.inner.keeping(sides, last=last))

    def knowing(self, source: Source) -> Self:
        return type(self)(self.inner.knowing(source))

    def starting_from(self, model: Any) -> Self:
        return type(self)(self.inner.starting_from(model))

    def over(self, gang: Gang) -> Self:
        return type(self)(self.inner.over(gang))

    def prepare(self, table: pa.Table, options: Mapping[str, Any]) -> Dataset:
        return self.inner.prepare(table, options)

    def check(self, params: Any) -> None:
        self.inner.check(params)

    def params_schema(self) -> dict[str, Any] | None:
        return self.inner.params_schema()

    def search_space(self, dataset: Dataset, params: Mapping[str, Any]) -> dict[str, Any]:
        return self.inner.search_space(dataset, params)

    def quicker(self, params: Mapping[str, Any], model: Any, part: float) -> dict[str, Any] | None:
        return self.inner.quicker(params, model, part)

    def quantile(self, params: Any) -> Quantile:
        return self.inner.quantile(params)

    def grows(self, metric: str) -> bool:
        return self.inner.grows(metric)

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> Any:
        return self.inner.fit(dataset, params, progress)

    def predict(self, model: Any, table: pa.Table) -> pa.Table:
        return self.inner.predict(model, table)

    def predict_numbers(self, model: Any, numbers: Matrix, schema: Schema) -> pa.Table | Numbers | None:
        return self.inner.predict_numbers(model, numbers, schema)

    def told(self, model: Any, rows: pa.Table) -> pa.Table | None:
        return self.inner.told(model, rows)

    def explain(self, model: Any, table: pa.Table) -> pa.Table:
        return self.inner.explain(model, table)

    def news(self, model: Any) -> str:
        return self.inner.news(model)

    def importance(self, model: Any) -> dict[str, float]:
        return self.inner.importance(model)

    def params_used(self, model: Any) -> dict[str, Any]:
        return self.inner.params_used(model)

    def dump(self, model: Any) -> bytes:
        return self.inner.dump(model)

    def load(self, data: bytes) -> Any:
        return self.inner.load(data)

    def parts(self, data: bytes) -> dict[str, bytes]:
        return self.inner.parts(data)

    def onnx(self, model: Any) -> OnnxModel:
        return to_onnx(self.inner, model)

    def use(self, schema: Schema) -> str:
        return self.inner.use(schema)
