"""One fit of a booster: the library's data, the rounds, and what is told of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from tasks.estimators.base import Dataset, Progress
from tasks.estimators.features.layer import Features, Known
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.lightgbm_metrics import Asked
from tasks.estimators.lightgbm_params import refusal
from tasks.estimators.lightgbm_reporting import reporter
from tasks.estimators.outcomes import Floats
from tasks.tables.columns import Schema
from tasks.tables.group_split import by_query
from tasks.tables.schema import class_indices, numbers


@dataclass(frozen=True, slots=True)
class Rounds:
    """How long a fit goes on."""

    #: How many iterations there may be.
    total: int
    #: After how many without a better holdout it stops; 0: it does not.
    patience: int
    #: What measures metrics that the library does not have, if any are asked for.
    measure: Asked | None = None


@dataclass(frozen=True, slots=True)
class Data:
    """What a fit learns from and, if there is a holdout, stops by: data sets of the library."""

    train: Any
    holdout: Any | None

    @classmethod
    def of(cls, dataset: Dataset, features: Features, params: Mapping[str, Any], *, known: Known | None = None) -> Data:
        """The rows of a prepared table; `known`: what is known of the texts of those to learn from."""
        weights, schema = dataset.weights("train", fit=True), dataset.schema
        train = _data(dataset.train, schema, features, params, weights=weights, known=known)
        if not dataset.holdout.num_rows:
            return cls(train, None)
        weights = dataset.weights("holdout", fit=True)
        return cls(train, _data(dataset.holdout, schema, features, params, weights=weights, reference=train))


def boosted(
    data: Data,
    params: Mapping[str, Any],
    rounds: Rounds,
    *,
    progress: Progress,
    start: Any = None,
    measured: bool = True,
    look: Callable[[Any], None] = lambda _booster: None,
) -> Any:
    """A booster, cut after the iteration that was best on the holdout; with `start`, a booster, it goes on from that.

    `measured`: whether metrics are told. `look` sees the booster while it still has its data. Raises InvalidParams for
    params that the library refuses and for a fit that diverges, and what `progress` raises.
    """
    lgb = load_lightgbm()
    callbacks = [reporter(rounds.total, progress, measured=measured, own=rounds.measure)]
    if rounds.patience:
        callbacks.append(lgb.early_stopping(rounds.patience, verbose=False))
    try:
        booster = lgb.train(
            dict(params),
            data.train,
            num_boost_round=rounds.total,
            valid_sets=[] if data.holdout is None else [data.holdout],
            valid_names=["holdout"],
            feval=rounds.measure,
            callbacks=callbacks,
            init_model=start,
            keep_training_booster=True,
        )
        look(booster)
        # As the library does it where the booster is not kept: it is cut, and lets go of its data.
        return booster.model_from_string(booster.model_to_string()).free_dataset()
    except lgb.basic.LightGBMError as error:
        raise refusal(error) from error


def _data(
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
