"""Fit a pipeline, step by step, on the rows to learn from."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.errors import InvalidParams
from tasks.estimators.base import Dataset, Progress
from tasks.estimators.outcomes import Floats
from tasks.estimators.scikit_learn.columns import accepts, transformer_of
from tasks.estimators.scikit_learn.frame import Frame
from tasks.estimators.scikit_learn.library import load_module
from tasks.estimators.scikit_learn.model import ScikitModel
from tasks.estimators.scikit_learn.origins import importance
from tasks.estimators.scikit_learn.steps import FAULTS, KINDS, Asked, default_estimator, plain, refused, shown
from tasks.tables.columns import AMOUNTS
from tasks.tables.schema import class_indices, numbers

#: Folds by which a classifier that tells no probabilities is calibrated.
CALIBRATION_FOLDS: Final = 5
#: What keeps a number for each pair of rows (bytes).
PAIR_BYTES: Final = 8
_PAIRS: Final = ("sklearn.gaussian_process.", "sklearn.kernel_ridge.")
_MB: Final = 1e6
#: How an estimator for the problem is told, what it is, and one.
_REGRESSOR: Final = ("is_regressor", "regressor", "sklearn.linear_model.Ridge")
_CLASSIFIER: Final = ("is_classifier", "classifier", "sklearn.linear_model.LogisticRegression")
#: Rows that are predicted at the end of a fit.
_TRIED: Final = 2


def fit(dataset: Dataset, asked: Asked, progress: Progress, *, memory_bytes: int) -> ScikitModel:
    """The model. Calls `progress` after each step. Raises InvalidParams for steps that cannot learn this, and for what
    would take more than `memory_bytes` (0: any amount)."""
    schema = dataset.schema
    steps = asked.steps or [("model", default_estimator(amounts=schema.problem in AMOUNTS))]
    asked = Asked(steps, asked.kinds)
    final, weights = steps[-1][1], dataset.weights("train", fit=True)
    check_final(final, schema.problem, rows=dataset.train.num_rows, weights=weights, memory_bytes=memory_bytes)
    target = dataset.train.column(schema.target)
    truth: npt.NDArray[Any] = class_indices(target, schema) if schema.classes else numbers(target)
    if schema.classes and len(np.unique(truth)) < 2:
        raise InvalidParams("the rows to learn from are all of one class; a classifier needs two").at("/params")
    columns, total = transformer_of(schema, asked), len(steps) + 1
    told = shown([*((kind, step) for kind, step, _ in columns.transformers if kind in KINDS), *steps])
    final = with_probabilities(final, truth) if schema.classes else final
    matrix = _fitted(columns, Frame(dataset.train, schema), truth)
    progress(1, total, {})
    if not all(accepts(step, "sparse") for _, step in steps):
        matrix = _dense(columns, matrix, memory_bytes=memory_bytes)
    for place, (_, step) in enumerate(steps[:-1]):
        matrix = _fitted(step, matrix, truth)
        progress(place + 2, total, {})
    _run(final.fit, matrix, truth, **({} if weights is None else {"sample_weight": weights}))
    # Some params show their faults only now, such as more neighbours than there are rows.
    _run(final.predict, matrix[:_TRIED])
    progress(total, total, {})
    found = getattr(final, "best_params_", {})
    # A search is over: what it found predicts.
    final = getattr(final, "best_estimator_", final)
    pipeline = load_module("sklearn.pipeline").Pipeline([("columns", columns), *steps[:-1], (steps[-1][0], final)])
    counts = importance(pipeline, matrix, schema.names)
    return ScikitModel(pipeline, schema, counts, params={**told, **_best(steps[-1][0], found)})


def check_final(final: Any, problem: str, *, rows: int, weights: Floats | None, memory_bytes: int) -> None:
    """Raise InvalidParams if the last step cannot learn this."""
    base, name = load_module("sklearn.base"), type(final).__name__
    fits, kind, such = _REGRESSOR if problem in AMOUNTS else _CLASSIFIER
    if not getattr(base, fits)(final):
        raise InvalidParams(f"the problem is {problem}, which needs a {kind}, such as {such}; {name} is none").at(
            "/params/estimator"
        )
    if weights is not None and not load_module("sklearn.utils.validation").has_fit_parameter(final, "sample_weight"):
        raise InvalidParams(
            f"the rows have weights, and {name} cannot take any; leave out the weight column and class_weight, or"
            " choose another estimator"
        ).at("/params/estimator")
    needed = rows * rows * PAIR_BYTES
    if memory_bytes and needed > memory_bytes and type(final).__module__.startswith(_PAIRS):
        raise InvalidParams(
            f"{name} keeps a number for each pair of {rows:,} rows, {needed / _MB:,.0f} MB; a worker may use"
            f" {memory_bytes / _MB:,.0f} MB for a fit (see MLSERVICE_WORKER_MEMORY_BYTES)"
        ).at("/params/estimator")


def with_probabilities(final: Any, truth: npt.NDArray[Any]) -> Any:
    """The classifier; one that tells no probabilities is calibrated by its scores of rows that it has not seen.

    Source: Platt, Probabilistic Outputs for Support Vector Machines (1999). Raises InvalidParams.
    """
    if _tells_probabilities(final):
        return final
    name, fewest = type(final).__name__, int(np.bincount(truth)[np.unique(truth)].min())
    if not hasattr(final, "decision_function"):
        raise InvalidParams(f"{name} tells neither probabilities nor scores (a vote does if it is soft)").at(
            "/params/estimator"
        )
    if fewest < 2:
        raise InvalidParams(
            f"{name} tells no probabilities, and calibrating them needs two rows of each class at least; choose an"
            " estimator that tells them, such as sklearn.linear_model.LogisticRegression"
        ).at("/params/estimator")
    calibrated = load_module("sklearn.calibration").CalibratedClassifierCV
    return calibrated(final, method="sigmoid", ensemble=False, cv=min(CALIBRATION_FOLDS, fewest))


def _tells_probabilities(final: Any) -> bool:
    """Of a stack, which knows it when it is fitted, its last estimator decides."""
    stack = isinstance(final, load_module("sklearn.ensemble").StackingClassifier)
    decides = final.final_estimator if stack else final
    return (stack and decides is None) or hasattr(decides, "predict_proba")


def _fitted(step: Any, matrix: Any, truth: npt.NDArray[Any]) -> Any:
    return _run(step.fit_transform, matrix, truth)


def _run(call: Any, *args: Any, **named: Any) -> Any:
    try:
        return call(*args, **named)
    except FAULTS as error:
        raise refused("scikit-learn cannot fit this", error) from error


def _dense(columns: Any, matrix: Any, *, memory_bytes: int) -> Any:
    """The matrix as an array, which is what `columns` gives from now on."""
    needed = matrix.shape[0] * matrix.shape[1] * PAIR_BYTES
    if memory_bytes and needed > memory_bytes:
        raise InvalidParams(
            f"the steps take no sparse matrix, and one of {matrix.shape[0]:,} rows x {matrix.shape[1]:,} numbers takes"
            f" {needed / _MB:,.0f} MB; a worker may use {memory_bytes / _MB:,.0f} MB for a fit: give fewer numbers"
            " (text__max_features, categories__max_categories), or choose an estimator that takes it"
        ).at("/params")
    columns.sparse_threshold, columns.sparse_output_ = 0, False
    return matrix.toarray() if hasattr(matrix, "toarray") else matrix


def _best(name: str, found: dict[str, Any]) -> dict[str, Any]:
    """What a search found."""
    return {f"{name}__best__{param}": plain(value) for param, value in found.items()}
