"""Gradient boosted trees by LightGBM: regression, classes and ranking, categories, missing values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.errors import EstimatorFailed
from tasks.estimators import lightgbm_portable
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.features import layer
from tasks.estimators.features.layer import PLAIN, Features, Known
from tasks.estimators.lightgbm_by_feature import spread, summed
from tasks.estimators.lightgbm_explain import explanation
from tasks.estimators.lightgbm_library import load_lightgbm as load_lightgbm
from tasks.estimators.lightgbm_memory import check_memory
from tasks.estimators.lightgbm_params import ALPHA, complete, names_given, refusal, resolve, stopping, try_out
from tasks.estimators.lightgbm_reporting import reporter
from tasks.estimators.lightgbm_search import default_space
from tasks.estimators.outcomes import Floats
from tasks.tables.columns import Schema
from tasks.tables.group_split import by_query
from tasks.tables.schema import class_indices, numbers, target_type

#: Tables with fewer values are learned by one thread, unless more are asked for. Ten iterations with one thread against
#: two, on two cores that others used as well, the least and the median wall time of 40 to 60 runs (s): 400 rows of 12
#: columns 0.004 and 0.02 against 0.02 and 0.64; 10,000 of 12 0.03 and 0.14 against 0.16 and 1.2; 20,000 of 30 0.28 and
#: 0.5 against 0.35 and 1.5; 50,000 of 30 0.33 and 0.63 against 0.53 and 1.0. Two cost more processor time: 2.2 times as
#: much at 400 rows, 1.3 times at 10,000 of 30, 1.06 times at 50,000 of 30. Where each had a core, two were faster from
#: some 60,000 values on: 50 iterations of 5,000 rows of 12 took 0.064 against 0.057, of 30 0.15 against 0.12.
VALUES_FOR_THREADS: Final = 300_000
#: Tables with fewer rows are predicted by one thread; starting more costs more than it saves.
ROWS_FOR_THREADS: Final = 512
#: The same for explaining, which does more for a row.
ROWS_FOR_THREADS_EXPLAINED: Final = 16
#: The first line of a dumped model; the library's own text follows.
_FORMAT: Final = 1


class Header(msgspec.Struct, frozen=True, omit_defaults=True):
    """The first line of a dumped model, as JSON."""

    format: int
    schema: Schema
    features: Features = PLAIN


@dataclass(frozen=True, slots=True)
class LightGBMModel:
    """A booster, the schema that it was fitted on, and how dates and text of that become numbers."""

    booster: Any
    schema: Schema
    features: Features = PLAIN
    #: The params of the fit, under their main names; empty if it was loaded.
    params: Mapping[str, Any] = field(default_factory=dict)


class LightGBM(Estimator[LightGBMModel]):
    """The estimator. Params are LightGBM's own, under any of their names, without those that reach files or machines.

    Defaults: `num_iterations` 200, `early_stopping_rounds` 50 (on the holdout), `seed` 0, `num_threads` that of the
    estimator, 1 for a small table, and never more; the same data, params and threads give the same model. Of fewer than
    100 rows to learn from `min_data_in_leaf`, `min_data_per_group` and `cat_smooth` are 5, of fewer than 400 the first
    two are 10.
    """

    repeats = True
    raw = frozenset({"date", "text"})
    proven = True

    def check(self, params: Mapping[str, Any]) -> None:
        """Raises InvalidParams for names and values that LightGBM does not know."""
        try_out(resolve(params))

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> LightGBMModel:
        """A booster, cut after the iteration that was best on the holdout. Raises InvalidParams for params with which
        the fit would take more memory than it may, before it begins."""
        lgb, schema = load_lightgbm(), dataset.schema
        rows, holdout_rows = dataset.train.num_rows, dataset.holdout.num_rows
        resolved = {**stopping(dataset.choices.metric, schema.problem), **resolve(params)}
        large = rows * len(schema.columns) >= VALUES_FOR_THREADS
        threads = self.threads if large or "num_threads" in resolved else 1
        used = chosen = complete(resolved, schema, rows=rows, threads=threads)
        fitted = layer.fit(dataset.train, schema, weights=dataset.weights("train", fit=True))
        features = fitted.features
        chosen = spread(chosen, features.widths(schema))
        stops = bool(holdout_rows and chosen["early_stopping_round"] and chosen.get("boosting") != "dart")
        check_memory(
            {**chosen, "early_stopping_round": stops},
            features.flat(schema),
            rows=rows,
            holdout_rows=holdout_rows,
            most_bytes=self.memory_bytes,
            filled=features.filled(schema),
            given=names_given(params),
        )
        total, patience = chosen.pop("num_iterations"), chosen.pop("early_stopping_round")
        callbacks = [reporter(total, progress)]
        if stops:
            callbacks.append(lgb.early_stopping(patience, verbose=False))
        weights = dataset.weights("train", fit=True)
        train = _lightgbm_data(dataset.train, schema, features, chosen, weights=weights, known=fitted.known)
        valid = []
        if holdout_rows:
            weights = dataset.weights("holdout", fit=True)
            valid = [_lightgbm_data(dataset.holdout, schema, features, chosen, weights=weights, reference=train)]
        try:
            booster = lgb.train(
                chosen, train, num_boost_round=total, valid_sets=valid, valid_names=["holdout"], callbacks=callbacks
            )
        except lgb.basic.LightGBMError as error:
            raise refusal(error) from error
        return LightGBMModel(booster, schema, features, used)

    def search_space(self, dataset: Dataset, params: Mapping[str, Any]) -> dict[str, Any]:
        """As `lightgbm_search` says."""
        return default_space(dataset.schema, resolve(params), rows=dataset.train.num_rows)

    def quantile(self, params: Mapping[str, Any]) -> float | None:
        """That of `objective` quantile."""
        resolved = resolve(params)
        return float(resolved.get("alpha", ALPHA)) if resolved.get("objective") == "quantile" else None

    def predict(self, model: LightGBMModel, table: pa.Table) -> pa.Table:
        """As the contract says; the prediction of classes is the most probable, the first one if they are equal."""
        threads = self.threads if table.num_rows >= ROWS_FOR_THREADS else 1
        found = model.booster.predict(model.features.matrix(table, model.schema), num_threads=threads)
        schema = model.schema
        if not schema.classes:
            return pa.table({"prediction": found})
        chances = [1 - found, found] if schema.problem == "binary" else list(np.ascontiguousarray(found.T))
        best = (found > 0.5).astype(np.int8) if schema.problem == "binary" else found.argmax(axis=1)
        prediction = pa.array(schema.classes, target_type(schema)).take(pa.array(best))
        columns = {f"probability_{index}": chance for index, chance in enumerate(chances)}
        return pa.table({"prediction": prediction, **columns})

    def explain(self, model: LightGBMModel, table: pa.Table) -> pa.Table:
        """As the contract says, by TreeSHAP. Raw is the sum over the trees; `lightgbm_explain` says what that means.

        Source: Lundberg et al., Consistent Individualized Feature Attribution for Tree Ensembles (2018). Raises
        InvalidField for linear trees.
        """
        threads = self.threads if table.num_rows >= ROWS_FOR_THREADS_EXPLAINED else 1
        matrix, widths = model.features.matrix(table, model.schema), model.features.widths(model.schema)
        return explanation(model.booster, matrix, model.schema, widths=widths, threads=threads)

    def dump(self, model: LightGBMModel) -> bytes:
        """A line of JSON (`Header`), then LightGBM's text format."""
        header = msgspec.json.encode(Header(_FORMAT, model.schema, model.features))
        text: str = model.booster.model_to_string()
        return header + b"\n" + text.encode()

    def load(self, data: bytes) -> LightGBMModel:
        """The model. Raises EstimatorFailed if these are no bytes that `dump` made."""
        lgb = load_lightgbm()
        head, _, text = data.partition(b"\n")
        try:
            header = msgspec.json.decode(head, type=Header)
            if header.format != _FORMAT:
                raise EstimatorFailed(f"the stored model has format {header.format}; this version reads {_FORMAT}")
            booster = lgb.Booster(model_str=text.decode())
        except (msgspec.DecodeError, UnicodeDecodeError, lgb.basic.LightGBMError) as error:
            raise EstimatorFailed(f"the stored model cannot be read: {error}; train it again") from error
        return LightGBMModel(booster, header.schema, header.features)

    def parts(self, data: bytes) -> dict[str, bytes]:
        """The first line, and LightGBM's text format."""
        return lightgbm_portable.files(data)

    def use(self, schema: Schema) -> str:
        """With plain LightGBM."""
        return lightgbm_portable.use(schema)

    def importance(self, model: LightGBMModel) -> dict[str, float]:
        """The gain in the training loss by all splits on each feature, in total."""
        gains = summed(model.booster.feature_importance("gain"), model.features.widths(model.schema))
        return dict(zip(model.schema.names, gains.tolist(), strict=True))

    def params_used(self, model: LightGBMModel) -> dict[str, Any]:
        """Those that were given, under their main names, and all defaults that are not LightGBM's own."""
        return {name: value for name, value in model.params.items() if name != "verbosity"}


def _lightgbm_data(
    table: pa.Table,
    schema: Schema,
    features: Features,
    params: Mapping[str, Any],
    *,
    weights: Floats | None,
    known: Known | None = None,
    reference: Any = None,
) -> Any:
    flat = features.flat(schema)
    categories = [index for index, column in enumerate(flat.columns) if column.type == "category"]
    matrix, labels = features.matrix(table, schema, known), _labels(table.column(schema.target), schema)
    sizes = None
    if schema.problem == "ranking":
        order, sizes = by_query(table.column(schema.beside_of("query")))
        matrix, labels = matrix[order], labels[order]
        weights = None if weights is None else weights[order]
    return load_lightgbm().Dataset(
        matrix,
        label=labels,
        weight=weights,
        group=sizes,
        reference=reference,
        categorical_feature=categories,
        # Real names may hold characters that LightGBM's text format does not allow.
        feature_name=[f"f{index}" for index in range(len(flat.columns))],
        params=dict(params),
    )


def _labels(target: pa.ChunkedArray, schema: Schema) -> npt.NDArray[np.float32]:
    values = class_indices(target, schema) if schema.classes else numbers(target)
    return np.asarray(values, dtype=np.float32)
