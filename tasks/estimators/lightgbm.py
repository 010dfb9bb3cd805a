"""Gradient boosted trees by LightGBM: regression, classes and ranking, categories, missing values."""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from typing import Any, Final, Self

import msgspec
import numpy as np
import pyarrow as pa

from tasks.errors import EstimatorFailed, InvalidField
from tasks.estimators import lightgbm_fields, lightgbm_onnx, lightgbm_portable
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.features import layer
from tasks.estimators.features.layer import PLAIN, Features
from tasks.estimators.gang import Gang
from tasks.estimators.lightgbm_alpha import levels_of
from tasks.estimators.lightgbm_bulk import Faster, faster, predicted, predicted_numbers
from tasks.estimators.lightgbm_by_feature import spread, summed
from tasks.estimators.lightgbm_device import check_device
from tasks.estimators.lightgbm_explain import explanation
from tasks.estimators.lightgbm_fitting import Data, Rounds
from tasks.estimators.lightgbm_library import load_lightgbm as load_lightgbm
from tasks.estimators.lightgbm_memory import check_memory
from tasks.estimators.lightgbm_metrics import own_metrics, theirs
from tasks.estimators.lightgbm_over import boost_by
from tasks.estimators.lightgbm_params import ALPHA, complete, names_given, resolve, stopping, try_out
from tasks.estimators.lightgbm_portable import FORMAT, SEVERAL, Header, joined
from tasks.estimators.lightgbm_predictions import Said, Told, prediction_table
from tasks.estimators.lightgbm_quantiles import answer_numbers, answer_table, boost_each, middle
from tasks.estimators.lightgbm_search import default_space
from tasks.estimators.lightgbm_smaller import smaller
from tasks.estimators.lightgbm_start import check_starts
from tasks.estimators.lightgbm_targets import check_target
from tasks.estimators.onnx_form import POINTER, OnnxModel
from tasks.tables.batch import Matrix, Numbers
from tasks.tables.columns import Schema

#: Tables with fewer values are learned by one thread, unless more are asked for. Ten iterations with one thread against
#: two, on two cores that others used as well, the least and the median wall time of 40 to 60 runs (s): 400 rows of 12
#: columns 0.004 and 0.02 against 0.02 and 0.64; 10,000 of 12 0.03 and 0.14 against 0.16 and 1.2; 20,000 of 30 0.28 and
#: 0.5 against 0.35 and 1.5; 50,000 of 30 0.33 and 0.63 against 0.53 and 1.0. Two cost more processor time: 2.2 times as
#: much at 400 rows, 1.3 times at 10,000 of 30, 1.06 times at 50,000 of 30. Where each had a core, two were faster from
#: some 60,000 values on: 50 iterations of 5,000 rows of 12 took 0.064 against 0.057, of 30 0.15 against 0.12.
#: Those were threads that spin for long; ours sleep sooner (infra/supervision/serving.py), and cost others a fifth.
VALUES_FOR_THREADS: Final = 150_000


@dataclass(frozen=True, slots=True)
class LightGBMModel:
    """A booster, the schema that it was fitted on, and how dates and text of that become numbers."""

    booster: Any
    schema: Schema
    features: Features = PLAIN
    #: The params of the fit, under their main names; empty if it was loaded.
    params: Mapping[str, Any] = field(default_factory=dict)
    #: The booster of each quantile, growing, if there are several; that of the middle one is `booster`.
    quantiles: Mapping[float, Any] = field(default_factory=dict)
    #: Of what was loaded: what may predict faster than each booster.
    faster: Sequence[Faster] = ()
    told: Told | None = None

    @property
    def boosters(self) -> list[Any]:
        """All of them."""
        return list(self.quantiles.values()) or [self.booster]


class LightGBM(Estimator[LightGBMModel]):
    """The estimator. Params are LightGBM's own, under any of their names, without those that reach files or machines.

    Defaults: `num_iterations` 200, `early_stopping_rounds` 50 (on the holdout), `seed` 0, `num_threads` that of the
    estimator, 1 for a small table, and never more; the same data, params and threads give the same model. Of fewer than
    100 rows to learn from `min_data_in_leaf`, `min_data_per_group` and `cat_smooth` are 5, of fewer than 400 the first
    two are 10.
    """

    raw = frozenset({"date", "text"})
    repeats = proven = True
    CommonParams = lightgbm_fields.CommonParams
    _start: LightGBMModel | None = None
    _gang: Gang | None = None

    def check(self, params: Mapping[str, Any]) -> None:
        """Raises InvalidParams for names and values that LightGBM does not know, and devices that are not there."""
        resolved = resolve(params)
        try_out(resolved)
        if "device_type" in resolved:
            check_device(names_given(params)["device_type"], resolved["device_type"])

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> LightGBMModel:
        """A booster, cut after the iteration that was best on the holdout. Raises InvalidParams for params with which
        the fit would take more memory than it may, before it begins."""
        schema, start = dataset.schema, self._start
        rows, holdout_rows = dataset.train.num_rows, dataset.holdout.num_rows
        resolved = {**stopping(dataset.choices.metric, schema.problem), **resolve(params)}
        large = rows * len(schema.columns) >= VALUES_FOR_THREADS
        most = self._gang.threads if self._gang else self.threads
        threads = most if large or "num_threads" in resolved else 1
        used = chosen = complete(resolved, schema, rows=rows, threads=threads)
        check_target(used["objective"], dataset)
        boost = boost_by(self._gang, used, schema, rows=rows)
        measure = own_metrics(used, problem=schema.problem, classes=len(schema.classes))
        levels = levels_of(used)
        if start is not None:
            check_starts(start.quantiles, start.boosters, used, levels)
            features, known = start.features, None
        else:
            fitted = layer.fit(dataset.train, schema, weights=dataset.weights("train", fit=True))
            features, known = fitted.features, fitted.known
        chosen = spread(chosen, features.widths(schema))
        stops = bool(holdout_rows and chosen["early_stopping_round"] and chosen.get("boosting") != "dart")
        check_memory(
            {**chosen, "early_stopping_round": stops}, features.flat(schema), rows=rows,
            holdout_rows=holdout_rows,
            most_bytes=self.memory_bytes,
            filled=features.filled(schema),
            given=names_given(params),
        )  # fmt: skip
        total, patience = chosen.pop("num_iterations"), chosen.pop("early_stopping_round")
        rounds = Rounds(total, patience if stops else 0, measure)
        chosen = theirs(chosen)
        here = {**chosen, "num_threads": min(chosen["num_threads"], self.threads)}
        here |= {"alpha": middle(levels)} if levels else {}
        made = partial(Data.of, dataset, features, here, known=known)
        if not levels:
            before = start.booster if start is not None else None
            said = Said(dataset.holdout, schema, used, alone=start is None and self._gang is None)
            booster = boost(made(), chosen, rounds, progress=progress, start=before, **said.wish)
            return LightGBMModel(booster, schema, features, used, told=said.told)
        starts = start.quantiles if start is not None else {}
        each = boost_each(made, chosen, rounds, levels, progress=progress, starts=starts, boost=boost)
        return LightGBMModel(each[middle(levels)], schema, features, used, each)

    def starting_from(self, model: LightGBMModel) -> Self:
        """As the contract says. A `fit` raises InvalidField for params of another objective or other quantiles."""
        other = copy.copy(self)
        other._start, other.repeats = model, False
        return other

    def over(self, gang: Gang) -> Self:
        """As the contract says; a `fit` raises InvalidField and InvalidParams for what only one process can do."""
        other = copy.copy(self)
        other._gang, other.repeats = gang, False
        return other

    def search_space(self, dataset: Dataset, params: Mapping[str, Any]) -> dict[str, Any]:
        """As `lightgbm_search` says."""
        return default_space(dataset.schema, resolve(params), rows=dataset.train.num_rows)

    def quicker(self, params: Mapping[str, Any], model: LightGBMModel | None, part: float) -> dict[str, Any] | None:
        """Fewer trees, then smaller ones."""
        return smaller(params, None if model is None else model.booster, part)

    def quantile(self, params: Mapping[str, Any]) -> float | tuple[float, ...] | None:
        """That, or those, of `objective` quantile."""
        resolved = resolve(params)
        if resolved.get("objective") != "quantile":
            return None
        return levels_of(resolved) or float(resolved.get("alpha", ALPHA))

    def predict(self, model: LightGBMModel, table: pa.Table) -> pa.Table:
        """As the contract says; the prediction of classes is the most probable, the first one if they are equal; of
        several quantiles it is that nearest to the median, and there is a column `quantile_<level>` for each."""
        boosters, ways = model.boosters, model.faster
        found = predicted(boosters, ways, table, model.features, model.schema, threads=self.threads)
        return answer_table(found, model.schema, list(model.quantiles))

    def predict_numbers(self, model: LightGBMModel, numbers: Matrix, schema: Schema) -> pa.Table | Numbers | None:
        """As the contract says."""
        if model.features.columns or schema.names != model.schema.names:
            return None
        found = predicted_numbers(model.boosters, model.faster, numbers, threads=self.threads)
        return answer_numbers(found, model.schema, list(model.quantiles))

    def told(self, model: LightGBMModel, rows: pa.Table) -> pa.Table | None:
        """As the contract says: of a plain fit that was not cut."""
        return prediction_table(model.told.found, model.schema) if model.told and model.told.rows is rows else None

    def explain(self, model: LightGBMModel, table: pa.Table) -> pa.Table:
        """As the contract says, by TreeSHAP. Raw is the sum over the trees; `lightgbm_explain` says what that means. Of
        several quantiles the one that is the prediction is explained.

        Source: Lundberg et al., Consistent Individualized Feature Attribution for Tree Ensembles (2018). Raises
        InvalidField for linear trees.
        """
        matrix, widths = model.features.matrix(table, model.schema), model.features.widths(model.schema)
        return explanation(model.booster, matrix, model.schema, widths=widths, threads=self.threads)

    def dump(self, model: LightGBMModel) -> bytes:
        """A line of JSON (`Header`), then LightGBM's text format."""
        texts = [booster.model_to_string().encode() for booster in model.boosters]
        quantiles = [(level, len(text)) for level, text in zip(model.quantiles, texts, strict=False)]
        header = Header(SEVERAL if quantiles else FORMAT, model.schema, model.features, quantiles)
        return joined(header, texts)

    def load(self, data: bytes) -> LightGBMModel:
        """The model. Raises EstimatorFailed if these are no bytes that `dump` made."""
        lgb = load_lightgbm()
        head, _, text = data.partition(b"\n")
        try:
            header = msgspec.json.decode(head, type=Header)
            if header.format not in (FORMAT, SEVERAL):
                raise EstimatorFailed(f"the stored model has format {header.format}; this version reads {SEVERAL}")
            levels = [level for level, _ in header.quantiles]
            ends = np.cumsum([size for _, size in header.quantiles], dtype=int).tolist() or [len(text)]
            texts = [text[start:end] for start, end in pairwise([0, *ends])]
            boosters = [lgb.Booster(model_str=text.decode()) for text in texts]
        except (msgspec.DecodeError, UnicodeDecodeError, lgb.basic.LightGBMError) as error:
            raise EstimatorFailed(f"the stored model cannot be read: {error}; train it again") from error
        quantiles = dict(zip(levels, boosters, strict=False))
        booster = quantiles[middle(levels)] if levels else boosters[0]
        ways = faster(boosters, texts, header.features, header.schema, maker=self.fast_code)
        return LightGBMModel(booster, header.schema, header.features, quantiles=quantiles, faster=ways)

    def news(self, model: LightGBMModel) -> str:
        """How large tables are predicted."""
        news = [one.code.take_news() for one in model.faster if one.code is not None]
        return next(filter(None, news), "")

    def parts(self, data: bytes) -> dict[str, bytes]:
        """The first line, and LightGBM's text format."""
        return lightgbm_portable.files(data)

    def use(self, schema: Schema) -> str:
        """With plain LightGBM."""
        return lightgbm_portable.use(schema)

    def onnx(self, model: LightGBMModel) -> OnnxModel:
        """Raises InvalidField for several quantiles, and for what onnxmltools cannot convert."""
        if model.quantiles:
            raise InvalidField("a model of several quantiles has no form onnx; take the zip along").at(POINTER)
        to_numbers = partial(model.features.matrix, schema=model.schema)
        return lightgbm_onnx.convert(model.booster, model.schema, to_numbers)

    def importance(self, model: LightGBMModel) -> dict[str, float]:
        """The gain in the training loss by all splits on each feature, in total."""
        gained = np.sum([booster.feature_importance("gain") for booster in model.boosters], axis=0)
        gains = summed(gained, model.features.widths(model.schema))
        return dict(zip(model.schema.names, gains.tolist(), strict=True))

    def params_used(self, model: LightGBMModel) -> dict[str, Any]:
        """Those that were given, under their main names, and all defaults that are not LightGBM's own."""
        return {name: value for name, value in model.params.items() if name != "verbosity"}
