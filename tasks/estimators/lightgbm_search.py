"""Where LightGBM's params are looked for if nobody says it: what pays within a minute."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from tasks.tables.columns import Schema

#: Enough for the lowest learning rate; the rows that stop a fit stop it before.
_ITERATIONS: Final = 600
#: The most leaves, and the most rows in one; of few rows fewer: this part of all.
_LEAVES: Final = 128
_LEAF_ROWS: Final = 100
_PART: Final = 20


def default_space(schema: Schema, given: Mapping[str, Any], *, rows: int) -> dict[str, Any]:
    """The space for so many rows to learn from, without the params that are given (under their main names)."""
    leaves, leaf_rows = (max(8, min(most, rows // _PART)) for most in (_LEAVES, _LEAF_ROWS))
    space: dict[str, Any] = {
        "num_iterations": [_ITERATIONS],
        "learning_rate": {"low": 0.02, "high": 0.2, "log": True, "start": 0.05},
        "num_leaves": {"low": 4, "high": leaves, "log": True, "integer": True, "start": min(16, leaves)},
        "min_data_in_leaf": {"low": 3, "high": leaf_rows, "log": True, "integer": True, "start": min(20, leaf_rows)},
        "lambda_l1": {"low": 1e-3, "high": 10, "log": True, "start": 1e-2},
        "lambda_l2": {"low": 1e-3, "high": 30, "log": True, "start": 1},
        "extra_trees": [False, True],
    }
    if len(schema.columns) > 1:
        space["feature_fraction"] = {"low": 0.4, "high": 1.0, "start": 0.7}
    # Each has rows chosen in a way of its own.
    if not {"boosting", "data_sample_strategy", "bagging_fraction", "bagging_freq"} & given.keys():
        space |= {"bagging_fraction": {"low": 0.5, "high": 1.0, "start": 0.8}, "bagging_freq": [1]}
    if any(column.type == "category" for column in schema.columns):
        space |= {
            "cat_smooth": {"low": 1, "high": 100, "log": True, "start": 10},
            "min_data_per_group": {"low": 5, "high": 100, "log": True, "integer": True, "start": 50},
        }
    return {name: domain for name, domain in space.items() if name not in given}
