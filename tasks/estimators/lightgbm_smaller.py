"""Params of LightGBM for models that answer more quickly: fewer trees, then smaller ones."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Final

from tasks.estimators.lightgbm_library import aliases

#: Before the trees become fewer than this, their leaves become fewer, to no less than that.
_TREES: Final = 20
_LEAVES: Final = 4
#: The highest learning rate by which fewer trees learn as much.
_RATE: Final = 0.3
#: LightGBM's own.
_DEFAULTS: Final = {"learning_rate": 0.1, "num_leaves": 31}


def smaller(given: Mapping[str, Any], booster: Any | None, part: float) -> dict[str, Any] | None:
    """As `Estimator.quicker` says, under the names that are given."""
    named = {aliases()[name]: name for name in given}
    now = {**_DEFAULTS, **{aliases()[name]: value for name, value in given.items()}}
    if booster is None:
        return _called(named, num_iterations=1, num_leaves=2)
    trees, leaves = max(1, booster.current_iteration()), int(now["num_leaves"])
    if trees > _TREES:
        fewer = max(_TREES, int(trees * part))
        rate = {} if "learning_rate" in named else {"learning_rate": min(_RATE, round(0.1 * trees / fewer, 3))}
        return _called(named, num_iterations=fewer, **rate)
    if leaves > _LEAVES:
        fewer = max(_LEAVES, int(leaves * part))
        return _called(named, num_leaves=fewer, max_depth=math.ceil(math.log2(fewer)) + 1)
    return _called(named, num_iterations=max(1, int(trees * part))) if trees > 1 else None


def _called(named: Mapping[str, str], **params: Any) -> dict[str, Any]:
    return {named.get(main, main): value for main, value in params.items()}
