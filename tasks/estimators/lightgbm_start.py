"""Whether a fit can go on from a booster: LightGBM compares the number of features and of classes, and nothing else."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final

from tasks.errors import InvalidField

#: The objectives by the name that LightGBM writes into a model's text, where that is another.
_CANONICAL: Final = {
    **dict.fromkeys(("regression_l2", "l2", "mean_squared_error", "mse"), "regression"),
    **dict.fromkeys(("l2_root", "root_mean_squared_error", "rmse"), "regression"),
    **dict.fromkeys(("l1", "mean_absolute_error", "mae"), "regression_l1"),
    "mean_absolute_percentage_error": "mape",
    "softmax": "multiclass",
    **dict.fromkeys(("multiclass_ova", "ova", "ovr"), "multiclassova"),
    **dict.fromkeys(("xendcg", "xe_ndcg", "xe_ndcg_mart", "xendcg_mart"), "rank_xendcg"),
}
#: A forest's answer is the mean of its trees.
_FOREST: Final = "average_output"
#: How many characters of a model's text have its header, before the names of features.
_HEAD: Final = 2000


def check_starts(
    quantiles: Collection[float], boosters: Sequence[Any], params: Mapping[str, Any], levels: tuple[float, ...]
) -> None:
    """`check_start` for each booster, of these quantiles if there are several; InvalidField too for other `levels`."""
    if tuple(quantiles) != levels:
        shown = [f"alpha={list(one)}" if one else "one fit" for one in (tuple(quantiles), levels)]
        raise InvalidField(f"from_version names one of {shown[0]}, and these params are of {shown[1]}").at(
            "/from_version"
        )
    for booster in boosters:
        check_start(booster, params)


def check_start(booster: Any, params: Mapping[str, Any]) -> None:
    """Raise InvalidField if trees of complete params cannot be added to those of the booster: their sums would mean
    nothing."""
    lines = booster.model_to_string(num_iteration=1)[:_HEAD].splitlines()
    written = next((line.partition("=")[2] for line in lines if line.startswith("objective=")), "")
    old, *more = written.split()
    new = _CANONICAL.get(params["objective"], params["objective"])
    if (old, "sqrt" in more) != (new, bool(params.get("reg_sqrt"))):
        raise InvalidField(
            f"from_version names one of the objective {written!r}, and these params have {new!r}: give the same one"
        ).at("/from_version")
    if _FOREST in lines or params.get("boosting") in ("rf", "random_forest"):
        raise InvalidField(
            "from_version cannot be used with boosting=rf: a forest's answer is the mean of its trees, which are not"
            " added to others"
        ).at("/from_version")
