"""The metrics that stop a fit: LightGBM's own by name, and those of this service that it does not have."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from typing import Any, Final

import msgspec
import numpy as np

from tasks.errors import InvalidParams
from tasks.estimators.metrics import MEASURED, figures, grows
from tasks.estimators.outcomes import Outcomes
from tasks.tables.checks import json_pointer, listed

#: Those of this service that LightGBM has not, or of which it looks for a small one
#: (findings/lightgbm-r2-stops-at-the-worst.sh).
OWN: Final = ("r2", "balanced_accuracy", "f1", "calibration_error")
#: LightGBM's, as it writes them.
_THEIRS: Final = (
    *("l1", "l2", "rmse", "quantile", "mape", "huber", "fair", "poisson", "gamma", "gamma_deviance", "tweedie"),
    *("ndcg", "map", "auc", "average_precision", "binary_logloss", "binary_error", "auc_mu", "multi_logloss"),
    *("multi_error", "cross_entropy", "cross_entropy_lambda", "kullback_leibler"),
)
#: What stands for no metric at all, or for one that would be given with a function.
_NONE: Final = ("", "none", "null", "na", "custom")


class Asked(msgspec.Struct, frozen=True):
    """What LightGBM asks in each iteration: (name, value, whether more is better) of each metric."""

    names: tuple[str, ...]
    problem: str
    classes: int

    def __call__(self, given: Any, data: Any) -> list[tuple[str, float, bool]]:
        outcomes = _outcomes(given, data, problem=self.problem, classes=self.classes)
        found = figures(outcomes, only=self.names)
        return [(name, found[name], grows(name)) for name in self.names]


def metric_names(params: Mapping[str, Any]) -> list[str]:
    """The metrics that resolved params name, in order; `metric` may be a list, or names between commas."""
    given = params.get("metric")
    several = given if isinstance(given, list | tuple) else [given] if given is not None else []
    return [name for text in several for name in str(text).split(",")]


def theirs(params: Mapping[str, Any]) -> dict[str, Any]:
    """The params with LightGBM's metrics alone; `None` where none is left."""
    names = metric_names(params)
    if not set(names) & set(OWN):
        return dict(params)
    return {**params, "metric": [name for name in names if name not in OWN] or "None"}


def check_metrics(params: Mapping[str, Any], known: Callable[[str], bool]) -> None:
    """Raise InvalidParams for a metric that is not `known`: LightGBM measures nothing then, without a word."""
    for name in metric_names(params):
        if name.lower() in _NONE:
            raise InvalidParams(f"metric {name!r} measures nothing; leave it out").at(json_pointer("params", "metric"))
        if name not in OWN and not known(name):
            near = get_close_matches(name, [*OWN, *_THEIRS], n=1)
            hint = f"did you mean {near[0]!r}? " if near else ""
            raise InvalidParams(
                f"there is no metric {name!r}; {hint}known are {listed([*OWN, *_THEIRS], most=40)}, and other names of"
                " these that LightGBM has"
            ).at(json_pointer("params", "metric"))


def own_metrics(params: Mapping[str, Any], *, problem: str, classes: int) -> Asked | None:
    """What measures the metrics of this service that params name; None if they name none. Raises InvalidParams for one
    that the problem does not have."""
    names = [name for name in metric_names(params) if name in OWN]
    if wrong := [name for name in names if name not in MEASURED[problem]]:
        raise InvalidParams(f"metric {wrong[0]!r} is none of a {problem}: {listed(MEASURED[problem])}").at(
            json_pointer("params", "metric")
        )
    return Asked(tuple(names), problem, classes) if names else None


def _outcomes(given: Any, data: Any, *, problem: str, classes: int) -> Outcomes:
    truth, weights = data.get_label(), data.get_weight()
    weights = np.ones(len(truth)) if weights is None else np.asarray(weights, dtype=np.float64)
    if problem == "regression":
        return Outcomes(problem, np.asarray(truth, dtype=np.float64), given, np.empty((len(truth), 0)), weights)
    chances = np.column_stack([1 - given, given]) if classes == 2 else np.asarray(given)
    return Outcomes(problem, truth.astype(np.intp), chances.argmax(axis=1), chances, weights)
