"""The pipeline that a request's params say: what makes numbers of each kind of column, then steps of which the last one
predicts."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final

from tasks.errors import InvalidParams
from tasks.estimators.scikit_learn.allowed import close
from tasks.estimators.scikit_learn.library import load_module
from tasks.estimators.scikit_learn.specs import Step, argument, made, name_of, set_param, steps
from tasks.tables.checks import json_pointer

#: The field of the params that names the estimator, or the steps of a pipeline.
ESTIMATOR: Final = "estimator"
#: The fields that say what makes numbers of the columns of a kind. Booleans are numbers.
KINDS: Final = ("numbers", "categories", "text")
#: What is no step, but may stand in place of one.
DROP: Final = "drop"
PASSTHROUGH: Final = "passthrough"
#: Most iterations of the linear classifier that is taken where none is named; scikit-learn's own 100 are often too few.
_ITERATIONS: Final = 1000
#: What scikit-learn raises of params that it cannot use, or that do not fit the data.
FAULTS: Final = (ValueError, TypeError, AttributeError, ArithmeticError, LookupError, NotImplementedError)
#: How neighbours are looked for in trees, which hold more than plain data.
_TREES: Final = ("kd_tree", "ball_tree")
#: Most characters of the beginning, and of the end, of what scikit-learn says.
_LONGEST: Final = 250
#: Most words and pairs of words that the default keeps of a column of text: those that are most frequent.
MOST_WORDS: Final = 100_000


@dataclass(frozen=True, slots=True)
class Asked:
    """What a request says, unfitted. `steps` are empty where it names no estimator."""

    steps: list[Step]
    #: By kind: what stands in place of the default.
    kinds: dict[str, Any]

    @property
    def final(self) -> Any:
        """The step that predicts."""
        return self.steps[-1][1]


def read(params: Mapping[str, Any], more: Collection[str]) -> Asked:
    """The pipeline of these params. Raises InvalidParams with the name, and what may have been meant.

    `estimator` is a dotted path or a list of steps; a vectorizer that comes first is the step for text.
    """
    try:
        return _read(params, more)
    except FAULTS as error:
        # Where one object is made of others, scikit-learn finds out late that one of them is none.
        raise refused("scikit-learn refuses these params", error) from error


def _read(params: Mapping[str, Any], more: Collection[str]) -> Asked:
    said = params.get(ESTIMATOR)
    found = _steps(said, more)
    kinds = {kind: _kind(kind, params[kind], more) for kind in KINDS if params.get(kind) is not None}
    owners: dict[str, Any] = dict(found)
    if len(found) > 1 and is_vectorizer(found[0][1]):
        if "text" in kinds:
            raise InvalidParams(f"text is given twice: the first step, {found[0][0]}, makes numbers of text").at(
                "/params/text"
            )
        kinds["text"] = found.pop(0)[1]
    _check_places(found)
    given = {name: value for name, value in params.items() if name not in (ESTIMATOR, *KINDS)}
    for kind in KINDS:
        if kind not in kinds and any(name.startswith(f"{kind}__") for name in given):
            kinds[kind] = default_of(kind)
    owners |= {kind: step for kind, step in kinds.items() if not isinstance(step, str)}
    for name, value in given.items():
        _set(name, value, owners, found, more)
    asked = Asked(found, kinds)
    for owner in owners.values():
        _finish(owner)
    return asked


def default_of(kind: str, *, positive: bool = False) -> Any:
    """What makes numbers of a kind of column if nobody says: numbers are imputed by the median, with a number that says
    where one was missing, and scaled (0 to 1 where only `positive` ones are taken); categories get a number each;
    text one for each word and pair of words, by TF-IDF."""
    if kind == "numbers":
        scaler = "MinMaxScaler" if positive else "StandardScaler"
        scale = getattr(load_module("sklearn.preprocessing"), scaler)(**({"clip": True} if positive else {}))
        impute = load_module("sklearn.impute").SimpleImputer(
            strategy="median", add_indicator=True, keep_empty_features=True
        )
        return load_module("sklearn.pipeline").Pipeline([("impute", impute), ("scale", scale)])
    if kind == "categories":
        return load_module("sklearn.preprocessing").OneHotEncoder(handle_unknown="ignore")
    text = load_module("sklearn.feature_extraction.text")
    return text.TfidfVectorizer(ngram_range=(1, 2), sublinear_tf=True, max_features=MOST_WORDS)


def default_estimator(*, amounts: bool) -> Any:
    """A linear model: ridge regression for amounts, logistic regression for classes."""
    linear = load_module("sklearn.linear_model")
    return linear.Ridge() if amounts else linear.LogisticRegression(max_iter=_ITERATIONS)


def is_vectorizer(step: Any) -> bool:
    """Whether a step takes texts."""
    text = load_module("sklearn.feature_extraction.text")
    return isinstance(step, text.CountVectorizer | text.HashingVectorizer)


def refused(what: str, error: Exception) -> InvalidParams:
    """The error for what scikit-learn says, in one line: the beginning and the end of it, where it says much."""
    reason = " ".join(str(error).split())
    if len(reason) > 2 * _LONGEST:
        reason = f"{reason[:_LONGEST]} ... {reason[-_LONGEST:]}"
    return InvalidParams(f"{what}: {reason}").at("/params")


def shown(asked: list[Step]) -> dict[str, Any]:
    """The class of each step, and all its params, defaults too, by `step__name`, as JSON can hold them."""
    found: dict[str, Any] = {}
    for name, step in asked:
        found[name] = step if isinstance(step, str) else _path(step)
        if isinstance(step, str):
            continue
        for param, value in sorted(step.get_params(deep=True).items()):
            found[f"{name}__{param}"] = plain(value)
    return found


def _steps(said: Any, more: Collection[str]) -> list[Step]:
    at = json_pointer("params", ESTIMATOR)
    if said is None:
        return []
    if isinstance(said, list):
        return steps(said, more, at=at)
    step = made(said, more, at=at)
    return [(name_of(step, ()), step)]


def _check_places(found: list[Step]) -> None:
    """Raise InvalidParams for a vectorizer that no text would reach, and for a last step that predicts nothing."""
    at = json_pointer("params", ESTIMATOR)
    for name, step in found:
        parts = [step, *step.get_params(deep=True).values()]
        inner = next((one for one in parts if not isinstance(one, type) and is_vectorizer(one)), None)
        if inner is not None:
            raise InvalidParams(
                f"{type(inner).__name__} (in step {name}) takes texts: it can be the first step, with others behind it,"
                " or stand in `text`"
            ).at(at)
    base = load_module("sklearn.base")
    if found and not (base.is_classifier(found[-1][1]) or base.is_regressor(found[-1][1])):
        raise InvalidParams(
            f"the last step must be a classifier or a regressor; {type(found[-1][1]).__name__} is neither"
        ).at(at)
    for name, step in found[:-1]:
        if not hasattr(step, "transform"):
            raise InvalidParams(f"step {name} is not the last one, and {type(step).__name__} makes no numbers").at(at)


def _kind(kind: str, said: Any, more: Collection[str]) -> Any:
    if said == DROP or (said == PASSTHROUGH and kind == "numbers"):
        return said
    step = made(said, more, at=json_pointer("params", kind))
    if not hasattr(step, "transform"):
        raise InvalidParams(f"{kind}: {_path(step)} makes no numbers of columns").at(json_pointer("params", kind))
    first = step.steps[0][1] if hasattr(step, "steps") else step
    if is_vectorizer(first) != (kind == "text"):
        reason = "takes no texts" if kind == "text" else "takes texts: give it as `text`"
        raise InvalidParams(f"{kind}: {type(first).__name__} {reason}").at(json_pointer("params", kind))
    return step


def _set(name: str, value: Any, owners: Mapping[str, Any], found: list[Step], more: Collection[str]) -> None:
    at = json_pointer("params", name)
    value = argument(value, more, at=at)
    first, parted, rest = name.partition("__")
    if parted and first in owners:
        set_param(owners[first], rest, value, at=at)
        return
    known = {f"{step}__{param}" for step, owner in owners.items() for param in owner.get_params(deep=True)}
    if len(found) == 1:
        own = found[0][1].get_params(deep=True)
        if name in own:
            set_param(found[0][1], name, value, at=at)
            return
        known |= own.keys()
    reason = f"unknown param {name!r}{close(name, {*known, ESTIMATOR, *KINDS}) if known else ''}"
    if not found:
        reason += '; params of an estimator need its path, such as {"estimator": "sklearn.linear_model.Ridge"}'
    raise InvalidParams(reason).at(at)


def _finish(step: Any) -> None:
    """Have scikit-learn check the values, and all that chance decides begin at the same place."""
    for name, value in step.get_params(deep=True).items():
        if name.rpartition("__")[2] == "random_state" and value is None:
            step.set_params(**{name: 0})
    for owner in (step, *step.get_params(deep=True).values()):
        if isinstance(owner, type) or not hasattr(owner, "_parameter_constraints"):
            continue
        owner._validate_params()
        _look_everywhere(owner)


def _look_everywhere(owner: Any) -> None:
    """Have what looks for neighbours compare all rows: the trees in which it may look cannot be stored
    (findings/skops-trusts-by-what-was-learned.sh)."""
    if not type(owner).__module__.startswith("sklearn.neighbors.") or not hasattr(owner, "algorithm"):
        return
    if owner.algorithm in _TREES:
        raise InvalidParams(f"algorithm {owner.algorithm!r} keeps a tree, which cannot be stored; use 'brute'").at(
            "/params"
        )
    owner.algorithm = "brute"


def _path(step: Any) -> str:
    return f"{type(step).__module__}.{type(step).__qualname__}"


def plain(value: Any) -> Any:
    """A param's value as JSON can hold it: classes by their paths, functions by their names."""
    if value is None or isinstance(value, bool | int | str) or (isinstance(value, float) and math.isfinite(value)):
        return value
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Mapping):
        return {str(name): plain(one) for name, one in value.items()}
    if hasattr(value, "get_params"):
        return _path(value)
    return getattr(value, "__name__", str(value))
