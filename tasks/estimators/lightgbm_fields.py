"""The params of LightGBM that people set most, for forms and documents; all others that it knows are taken, too.

Source of names, bounds and meanings: LightGBM's documentation of its parameters.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
from msgspec import Meta

from tasks.estimators.lightgbm_params import ITERATIONS, MOST_ITERATIONS, STOPPING

#: A part of rows or columns.
Part = Annotated[float, Meta(gt=0, le=1)]


class CommonParams(msgspec.Struct):
    """Params of LightGBM, under any of their names. Others than these are taken, too, but for those that reach files or
    machines.

    num_iterations: how many trees there may be
    early_stopping_round: after so many trees without a better holdout the fit stops; 0: never
    learning_rate: how much each tree counts; lower needs more trees
    num_leaves: leaves of a tree; more fit closer
    max_depth: levels of a tree; -1: any number
    min_data_in_leaf: fewest rows of a leaf; with fewer than 400 rows to learn from, 10 or 5 where nothing is said
    feature_fraction: which part of the columns each tree sees
    bagging_fraction: which part of the rows trees see, if bagging_freq is not 0
    bagging_freq: after how many trees other rows are chosen; 0: never
    lambda_l1: L1 regularisation
    lambda_l2: L2 regularisation
    objective: what is minimised, such as regression_l1, huber, quantile, poisson; empty: what fits the target
    seed: what chance begins with; the same data, params and seed give the same model
    """

    num_iterations: Annotated[int, Meta(ge=1, le=MOST_ITERATIONS)] = ITERATIONS
    early_stopping_round: Annotated[int, Meta(ge=0, le=MOST_ITERATIONS)] = STOPPING
    learning_rate: Annotated[float, Meta(gt=0)] = 0.1
    num_leaves: Annotated[int, Meta(ge=2, le=131072)] = 31
    max_depth: int = -1
    min_data_in_leaf: Annotated[int, Meta(ge=0)] = 20
    feature_fraction: Part = 1.0
    bagging_fraction: Part = 1.0
    bagging_freq: Annotated[int, Meta(ge=0)] = 0
    lambda_l1: Annotated[float, Meta(ge=0)] = 0.0
    lambda_l2: Annotated[float, Meta(ge=0)] = 0.0
    objective: str = ""
    seed: int = 0
