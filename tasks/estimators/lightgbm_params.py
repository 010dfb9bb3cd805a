"""Params of LightGBM that come from outside: known names, usable values, nothing that reaches files or machines."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, Final

import numpy as np

from tasks.errors import InvalidParams
from tasks.estimators.lightgbm_alpha import check_alpha, levels_of
from tasks.estimators.lightgbm_by_feature import BY_FEATURE, BY_NAME, by_place, check_by_feature
from tasks.estimators.lightgbm_library import aliases, load_lightgbm
from tasks.estimators.lightgbm_metrics import OWN, check_metrics, theirs
from tasks.tables.checks import json_pointer, listed
from tasks.tables.columns import Schema

#: Iterations if none are given.
ITERATIONS: Final = 200
#: Most iterations that may be asked for.
MOST_ITERATIONS: Final = 100_000
#: Iterations without a better holdout after which the fit stops, if none are given; 0 turns it off.
STOPPING: Final = 50
#: With fewer rows to learn from than this, these are the defaults in place of LightGBM's own, by which few rows give no
#: split, and no category that has few of them counts. Over tables of scikit-learn and statsmodels, of which so many
#: rows were learned from and held out (18 tables of 20 rows, 11 of 100, 3 of 700), the median r2 or accuracy on others
#: went from 0.00 to 0.35 (30 rows), from 0.54 to 0.70 (100), from 0.23 to 0.36 (250), and stayed with 700. Leaves of 3
#: rows were worse on average. To stop early was better than not to at every size.
_FEW_ROWS: Final = (
    (100, {"min_data_in_leaf": 5, "min_data_per_group": 5, "cat_smooth": 5}),
    (400, {"min_data_in_leaf": 10, "min_data_per_group": 10}),
)


def _split(names: str) -> tuple[str, ...]:
    return tuple(names.split())


#: Params that the service sets itself, or that reach files, other machines, or what `predict` promises.
REFUSED: Final = _split(
    "task data valid config header two_round pre_partition precise_float_parser parser_config_file label_column"
    " weight_column group_column ignore_column categorical_feature input_model output_model output_result snapshot_freq"
    " save_binary convert_model convert_model_language forcedsplits_filename forcedbins_filename tree_learner"
    " num_machines local_listen_port time_out machine_list_filename machines top_k num_gpu gpu_platform_id"
    " gpu_device_id gpu_device_id_list gpu_use_dp num_class verbosity metric_freq is_provide_training_metric"
    " predict_raw_score predict_leaf_index predict_contrib predict_disable_shape_check num_iteration_predict"
    " start_iteration_predict pred_early_stop pred_early_stop_freq pred_early_stop_margin"
)
#: The objectives of each problem, without aliases of the same; the first is the default.
OBJECTIVES: Final[dict[str, tuple[str, ...]]] = {
    "regression": _split(
        "regression regression_l2 l2 mean_squared_error mse l2_root root_mean_squared_error rmse regression_l1 l1"
        " mean_absolute_error mae huber fair poisson quantile mape mean_absolute_percentage_error gamma tweedie"
    ),
    "binary": ("binary",),
    "multiclass": ("multiclass", "softmax", "multiclassova", "multiclass_ova", "ova", "ovr"),
    "ranking": _split("lambdarank rank_xendcg xendcg xe_ndcg xe_ndcg_mart xendcg_mart"),
}
#: The metric on the holdout that stops the fit, by problem.
METRICS: Final = {"regression": "rmse", "binary": "binary_logloss", "multiclass": "multi_logloss", "ranking": "ndcg"}
#: That of objectives which do not look for the mean.
_OF_OBJECTIVE: Final = {"quantile": "quantile", "poisson": "poisson", "gamma": "gamma", "tweedie": "tweedie"}
#: Of how many first places the metric of a ranking is, if that is not said.
EVAL_AT: Final = (10,)
#: The device that is there always.
CPU: Final = "cpu"
#: The quantile of the objective of that name, if none is given.
ALPHA: Final = 0.9
#: LightGBM's metric that orders fits like one of ours, where it is not the problem's own; for all problems under "".
_STOPPING: Final = {
    ("", "mae"): "l1",
    ("", "mape"): "mape",
    ("", "pinball"): "quantile",
    ("", "auc"): "auc",
    ("", "average_precision"): "average_precision",
    ("binary", "accuracy"): "binary_error",
    ("multiclass", "accuracy"): "multi_error",
}
#: The only params whose values are text.
_TEXT: Final = _split("objective boosting metric data_sample_strategy monotone_constraints_method device_type")
#: Params of one whole number, with their bounds: LightGBM counts on them, or dies of a larger one.
_WHOLE: Final = {
    "num_iterations": (1, MOST_ITERATIONS),
    "early_stopping_round": (0, MOST_ITERATIONS),
    "num_threads": (1, 1024),
}
#: What LightGBM keeps of any other whole number: 32 bits, of which it cuts what is larger.
_INT32: Final = (-(2**31), 2**31 - 1)
_CLASS_METRICS: Final = ("auc_mu", "multi_")
_WORD: Final = re.compile(r"[A-Za-z0-9_@,.]*")
_PLACE: Final = re.compile(r"\s+at \S+, line \d+\s*\.?\s*$")


def resolve(params: Mapping[str, Any]) -> dict[str, Any]:
    """The params under their main names.

    Raises InvalidParams for names that LightGBM does not know or that are refused here, and for values of a wrong kind.
    """
    known = aliases()
    unknown = [name for name in params if name not in known]
    if unknown:
        raise InvalidParams(f"LightGBM has no params {_suggest(unknown)}").at(_pointer(unknown[0]))
    found: dict[str, Any] = {}
    for name, value in params.items():
        main = known[name]
        if main in REFUSED:
            raise InvalidParams(f"{name} cannot be set here; leave it out").at(_pointer(name))
        if main in found:
            raise InvalidParams(f"{name} is given twice, as {main} or another of its names; give it once").at(
                _pointer(name)
            )
        _check_value(name, main, value)
        found[main] = value
    alpha = found.get("alpha")
    if isinstance(alpha, list | tuple):
        name = names_given(params)["alpha"]
        check_alpha(name, alpha, objective=found.get("objective"), pointer=_pointer(name))
    return found


def stopping(metric: str, problem: str) -> dict[str, Any]:
    """The params that have the fit stop by one of our metrics, unless that is the problem's own."""
    if problem == "ranking" and metric:
        return {"metric": "ndcg", "eval_at": [int(metric.partition("@")[2])]}
    name = _STOPPING.get((problem, metric)) or _STOPPING.get(("", metric)) or (metric if metric in OWN else "")
    return {"metric": name} if name else {}


def names_given(params: Mapping[str, Any]) -> dict[str, str]:
    """What known params are called by who gave them, by their main names."""
    known = aliases()
    return {known[name]: name for name in params}


def try_out(params: Mapping[str, Any]) -> None:
    """Let LightGBM read resolved params, on a few rows and without a fit. Raises InvalidParams with its reason."""
    lgb = load_lightgbm()
    given = {name: value for name, value in theirs(params).items() if name not in (*BY_FEATURE, "device_type")}
    if levels := levels_of(params):
        given["alpha"] = levels[0]
    objective = given.get("objective", OBJECTIVES["regression"][0])
    if objective not in {name for names in OBJECTIVES.values() for name in names}:
        raise _bad_objective(objective, [name for names in OBJECTIVES.values() for name in names])
    several = objective in OBJECTIVES["multiclass"] or str(given.get("metric", "")).startswith(_CLASS_METRICS)
    trial = {**given, "objective": "multiclass" if several else objective, "num_class": 3 if several else 1}
    trial |= {"verbosity": -1, "num_threads": 1}
    # All ones is good for every objective: poisson takes nothing below 0, gamma no 0, binary nothing above 1.
    labels = np.tile([0.0, 1.0, 2.0] if several else [1.0], 20)
    rows = np.arange(len(labels), dtype=np.float64)[:, None]
    try:
        group = [len(labels)] if objective in OBJECTIVES["ranking"] else None
        train = lgb.Dataset(rows, labels, group=group, params=trial)
        booster = lgb.Booster(trial, train)
        booster.add_valid(lgb.Dataset(rows, labels, group=group, reference=train, params=trial), "holdout")
        booster.eval_valid()
    except (lgb.basic.LightGBMError, TypeError, ValueError) as error:
        raise refusal(error) from error

    def is_known(name: str) -> bool:
        alone = lgb.Booster({**trial, "metric": name}, train)
        return bool(alone.eval_train())

    check_metrics(params, is_known)


def complete(params: Mapping[str, Any], schema: Schema, *, rows: int, threads: int) -> dict[str, Any]:
    """Resolved params with what the problem needs and with defaults for so many rows; at most `threads` threads.

    Raises InvalidParams for an objective of another problem, and for constraints that do not fit the features.
    """
    problem = schema.problem
    allowed = OBJECTIVES[problem]
    objective = params.get("objective", allowed[0])
    if objective not in allowed:
        raise _bad_objective(objective, list(allowed), problem)
    params = by_place(params, schema)
    check_by_feature(params, schema, objective=objective)
    defaults: dict[str, Any] = {
        "metric": _OF_OBJECTIVE.get(objective, METRICS[problem]),
        "seed": 0,
        "deterministic": True,
        "num_iterations": ITERATIONS,
        "early_stopping_round": STOPPING,
        **next((chosen for most, chosen in _FEW_ROWS if rows < most), {}),
    }
    on_cpu = params.get("device_type", CPU) == CPU
    # Without one of these the fit measures which is faster, and rounds as chance has it; devices know one way.
    if on_cpu and not (params.get("force_col_wise") or params.get("force_row_wise")):
        defaults["force_row_wise"] = True
    fixed = {"objective": objective, "verbosity": -1, "num_threads": min(params.get("num_threads", threads), threads)}
    several = {"num_class": len(schema.classes)} if problem == "multiclass" else {}
    if problem == "ranking":
        defaults["eval_at"] = list(EVAL_AT)
    return {**defaults, **params, **fixed, **several}


def refusal(error: Exception) -> InvalidParams:
    """The error for params that LightGBM refuses, with its reason."""
    reason = _PLACE.sub("", str(error))
    if reason.startswith("Check failed: "):
        reason = f"{reason.removeprefix('Check failed: ')} does not hold"
    return InvalidParams(f"LightGBM refuses these params: {reason}").at("/params")


def _check_value(name: str, main: str, value: Any) -> None:
    parts = value if isinstance(value, list | tuple) else [value]
    flat = [item for part in parts for item in (part if isinstance(part, list | tuple) else [part])]
    if main in BY_NAME and isinstance(value, Mapping | list | tuple):
        # By the names of columns, which are looked at when there are columns.
        flat = list(value.values()) if isinstance(value, Mapping) else [i for i in flat if not isinstance(i, str)]
    if main in _WHOLE:
        low, high = _WHOLE[main]
        if type(value) is not int or not low <= value <= high:
            raise InvalidParams(f"{name} must be a whole number from {low} to {high}").at(_pointer(name))
    elif main in _TEXT:
        if not all(isinstance(item, str) and _WORD.fullmatch(item) for item in flat) or (
            main != "metric" and flat != [value]
        ):
            raise InvalidParams(f"{name} must be a name that LightGBM knows").at(_pointer(name))
    elif not all(isinstance(item, int) or (isinstance(item, float) and math.isfinite(item)) for item in flat):
        raise InvalidParams(f"{name} must be a finite number, true or false, or a list of these").at(_pointer(name))
    elif not all(_INT32[0] <= item <= _INT32[1] for item in flat if isinstance(item, int)):
        raise InvalidParams(f"{name} must be from {_INT32[0]} to {_INT32[1]} where it is a whole number").at(
            _pointer(name)
        )


def _suggest(names: list[str]) -> str:
    known = sorted(set(aliases()))
    hints = []
    for name in names:
        close = get_close_matches(name, known, n=3)
        hints.append(f"{name!r} (did you mean {' or '.join(close)}?)" if close else repr(name))
    return ", ".join(hints)


def _bad_objective(objective: Any, allowed: list[str], problem: str | None = None) -> InvalidParams:
    purpose = f" for a {problem} target" if problem else ""
    return InvalidParams(f"objective {objective!r} cannot be used{purpose}; use one of {listed(allowed, most=30)}").at(
        _pointer("objective")
    )


def _pointer(name: str) -> str:
    return json_pointer("params", name)
