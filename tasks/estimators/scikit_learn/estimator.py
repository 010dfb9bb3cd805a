"""Any estimator or pipeline of scikit-learn, as an estimator of this service."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import pyarrow as pa

from tasks.errors import EstimatorFailed, ServiceError
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.onnx_form import OnnxModel
from tasks.estimators.scikit_learn import fitting, onnx, portable, shape, storing
from tasks.estimators.scikit_learn.allowed import full_names
from tasks.estimators.scikit_learn.library import computing, warnings_logged
from tasks.estimators.scikit_learn.linear import explanation
from tasks.estimators.scikit_learn.model import ScikitModel
from tasks.estimators.scikit_learn.predicting import predictions, seen
from tasks.estimators.scikit_learn.spaces import space_of
from tasks.estimators.scikit_learn.steps import Asked, read
from tasks.estimators.scikit_learn.trial import check_storable
from tasks.tables.columns import Schema

#: Tables with fewer rows are predicted by one thread; starting more costs more than it saves.
ROWS_FOR_THREADS: Final = 2048


class ScikitLearn(Estimator[ScikitModel]):
    """Estimators and pipelines of scikit-learn. Params: `estimator`, the dotted path of a class or a list of steps (a
    linear model if it is left out); `numbers`, `categories`, `text`: the steps that make numbers of columns of a kind;
    and params of all of these, as `step__name`.

    Numbers and categories may be missing, whatever the estimator; text goes to a TfidfVectorizer. `random_state` is 0
    unless it is given: the same data and params give the same model.
    """

    #: Params that hold unless a train says otherwise: the pipeline of an estimator that is derived from this one.
    defaults: Mapping[str, Any] = MappingProxyType({})
    repeats = True
    raw = frozenset({"text"})

    def check(self, params: Mapping[str, Any]) -> None:
        """Raises InvalidParams for classes, names and values that cannot be."""
        self._read(params)

    def params_schema(self) -> dict[str, Any]:
        """The fields; params of steps are taken beside them."""
        return shape.params_schema()

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> ScikitModel:
        """A pipeline. Raises InvalidParams for params that do not fit the data, or take more memory than there is."""
        asked = self._read(params)
        with warnings_logged(), computing(self.threads):
            check_storable(dataset, asked, self._trusted, memory_bytes=self.memory_bytes)
            return fitting.fit(dataset, asked, progress, memory_bytes=self.memory_bytes)

    def predict(self, model: ScikitModel, table: pa.Table) -> pa.Table:
        """As the contract says; the prediction of classes is the most probable, the first one if they are equal."""
        try:
            with warnings_logged(), computing(self.threads if table.num_rows >= ROWS_FOR_THREADS else 1):
                return predictions(model, table)
        except ServiceError:
            raise
        except Exception as error:
            if other := storing.changed(model.made_by):
                raise EstimatorFailed(f"the model cannot be used{other}: {error}; train it again") from error
            raise

    def explain(self, model: ScikitModel, table: pa.Table) -> pa.Table:
        """As the contract says, of linear models. Raises InvalidField for others."""
        with warnings_logged(), computing(1):
            return pa.concat_tables([explanation(model, matrix) for matrix in seen(model, table)])

    def dump(self, model: ScikitModel) -> bytes:
        """A line of JSON, then what skops writes. Raises EstimatorFailed for types that are not trusted."""
        return storing.dump(model, self._trusted)

    def load(self, data: bytes) -> ScikitModel:
        """The model. Raises EstimatorFailed if it cannot be read, with the versions that made it."""
        return storing.load(data, self._trusted)

    def parts(self, data: bytes) -> dict[str, bytes]:
        """The line of JSON, and what skops wrote."""
        return portable.files(data)

    def use(self, schema: Schema) -> str:
        """How skops reads them."""
        return portable.use(schema)

    def onnx(self, model: ScikitModel) -> OnnxModel:
        """Raises InvalidField for what skl2onnx cannot convert."""
        return onnx.convert(model)

    def importance(self, model: ScikitModel) -> dict[str, float]:
        """Of each column the importances of its numbers in sum, or of a linear model their coefficients, each times how
        far its number spreads; nothing of models that have neither."""
        return model.importance

    def params_used(self, model: ScikitModel) -> dict[str, Any]:
        """All params of the steps, by `step__name`."""
        return dict(model.params)

    def search_space(self, dataset: Dataset, params: Mapping[str, Any]) -> dict[str, Any]:
        """That of the last step, for classes that are often used; empty where `estimator` is left out."""
        asked = self._read(params)
        if not asked.steps:
            return {}
        name, final = asked.steps[-1]
        return space_of(name, final, self._whole(params), rows=dataset.train.num_rows)

    def quantile(self, params: Mapping[str, Any]) -> float | None:
        """That of QuantileRegressor, and of a gradient boosting whose loss is the quantile."""
        asked = self._read(params)
        given = asked.final.get_params() if asked.steps else {}
        if "quantile" not in given and given.get("loss") != "quantile":
            return None
        if given.get("loss", "quantile") != "quantile":
            return None
        value = given.get("quantile", given.get("alpha"))
        return None if value is None else float(value)

    @property
    def _trusted(self) -> frozenset[str]:
        return full_names(tuple(self.trusted_classes))

    def _read(self, params: Mapping[str, Any]) -> Asked:
        # Of classes that scikit-learn is to lose.
        with warnings_logged():
            return read(self._whole(params), self._trusted)

    def _whole(self, params: Mapping[str, Any]) -> dict[str, Any]:
        # A form says null of a field that nobody filled in.
        given = {name: value for name, value in params.items() if value is not None or name not in shape.FIELDS}
        return {**self.defaults, **given}
