"""What an init chooses of how models of its data are measured and decide: `options.metric`, `threshold`, ..."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from typing import Any, Final, cast

import msgspec

from tasks.errors import InvalidField
from tasks.tables.checks import listed
from tasks.tables.splitting import Rule, Wanted

#: What is chosen of how the class is told from its chance: a number, or what is best on the validation rows.
RULES: Final = ("max_f1", "balanced")
#: The keys of what mistakes cost.
COSTS: Final = ("false_positive", "false_negative")


class Choices(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How models of a snapshot are measured and decide. Survives `msgspec.json`."""

    #: The metric that decides on promotion; empty: that of the problem.
    metric: str = ""
    #: The chance of the second of two classes from which on it is given; or a rule of `RULES`.
    threshold: float | str = 0.5
    #: What a false positive and a false negative cost, for the threshold; 0 where no costs were given.
    false_positive: float = 0.0
    false_negative: float = 0.0
    #: Whether chances are set right by isotonic regression on the validation rows.
    calibrate: bool = False
    #: `balanced`, or a weight for each class by its text; what the fit counts rows by, beside their own weights.
    class_weight: dict[str, float] | str = ""
    #: What ruled the split.
    split: Rule = "random"
    #: The part of the rows that was asked for to measure; 0 in snapshots of earlier releases.
    holdout: float = 0.0
    #: Whether a table of few rows is measured by cross-validation: how many folds, or 0.
    folds: int = 0
    #: Whether it is measured so however many rows it has: a number of folds was asked for.
    crossed: bool = False


#: Of who chose nothing, and of earlier releases.
DEFAULTS: Final = Choices()


def choices_of(
    options: Mapping[str, Any], problem: str, classes: Sequence[Any], metrics: Sequence[str], wanted: Wanted
) -> Choices:
    """What the options say. `metrics`: the names that the problem has. Raises InvalidField, which names the option."""
    return Choices(
        metric=_metric(options.get("metric"), problem, metrics),
        calibrate=_calibrate(options.get("calibrate", False), classes),
        class_weight=_class_weight(options.get("class_weight"), classes),
        split=wanted.by,
        folds=wanted.folds,
        crossed=wanted.crossed,
        holdout=wanted.holdout,
        **_threshold(options.get("threshold"), problem),
    )


def _metric(given: Any, problem: str, metrics: Sequence[str]) -> str:
    if given is None:
        return ""
    if given not in metrics:
        near = difflib.get_close_matches(str(given), metrics, n=1)
        hint = f"; did you mean {near[0]!r}?" if near else ""
        raise InvalidField(f"metric {given!r} is none of those of a {problem}: {listed(metrics)}{hint}").at(
            "/options/metric"
        )
    return str(given)


def _threshold(given: Any, problem: str) -> dict[str, Any]:
    if given is None:
        return {}
    if problem != "binary":
        raise InvalidField(f"threshold is for two classes; this is a {problem}: leave it out").at("/options/threshold")
    if isinstance(given, Mapping) and set(given) == set(COSTS) and all(_positive(given[name]) for name in COSTS):
        return {"threshold": "cost", **{name: float(given[name]) for name in COSTS}}
    if given in RULES:
        return {"threshold": given}
    if not isinstance(given, bool) and isinstance(given, int | float) and 0 < given < 1:
        return {"threshold": float(given)}
    raise InvalidField(
        f"threshold must be a number between 0 and 1, one of {listed(RULES)}, or what mistakes cost, such as"
        ' {"false_positive": 1, "false_negative": 5}'
    ).at("/options/threshold")


def _calibrate(given: Any, classes: Sequence[Any]) -> bool:
    if given not in (True, False, "isotonic"):
        raise InvalidField("calibrate must be true, false or 'isotonic'").at("/options/calibrate")
    if given and not classes:
        raise InvalidField("calibrate sets chances right, which a regression has not: leave it out").at(
            "/options/calibrate"
        )
    return bool(given)


def _class_weight(given: Any, classes: Sequence[Any]) -> dict[str, float] | str:
    if given is None:
        return ""
    names = [class_name(value) for value in classes]
    if not names:
        raise InvalidField("class_weight is for classes; this is a regression: leave it out").at(
            "/options/class_weight"
        )
    if given == "balanced":
        return "balanced"
    if not isinstance(given, Mapping) or not given or not all(_positive(value) for value in given.values()):
        raise InvalidField("class_weight must be 'balanced', or an object of classes and numbers above 0").at(
            "/options/class_weight"
        )
    unknown = [name for name in given if name not in names]
    if unknown:
        raise InvalidField(f"class_weight names {listed(unknown)}; the classes are {listed(names)}").at(
            "/options/class_weight"
        )
    return {name: float(value) for name, value in cast(Mapping[str, float], given).items()}


def class_name(value: Any) -> str:
    """A class as the key of an object: JSON's `true` and `false` for booleans."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _positive(value: Any) -> bool:
    return not isinstance(value, bool) and isinstance(value, int | float) and 0 < value < float("inf")
