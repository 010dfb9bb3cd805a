"""What a request says of objects of scikit-learn, as objects: a path, `{"class": path, param: value}`, or a list of
these, which is a pipeline."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Final

from tasks.errors import InvalidParams
from tasks.estimators.scikit_learn.allowed import FORBIDDEN, close, find, is_path
from tasks.tables.checks import json_pointer

#: The name of the class in an object that says one.
CLASS: Final = "class"
#: Deepest nesting of what a request says.
DEEPEST: Final = 8

Step = tuple[str, Any]


def made(spec: Any, more: Collection[str], *, at: str, depth: int = 0) -> Any:
    """The object that `spec` says, unfitted. Raises InvalidParams, which points to what cannot be."""
    if depth > DEEPEST:
        raise InvalidParams(f"steps may be nested {DEEPEST} deep at most").at(at)
    if isinstance(spec, list):
        pipeline = find("sklearn.pipeline.Pipeline", more, at=at)
        return pipeline(steps(spec, more, at=at, depth=depth + 1))
    if isinstance(spec, str):
        return _instance(spec, {}, more, at=at)
    if isinstance(spec, Mapping) and isinstance(spec.get(CLASS), str):
        params = {name: value for name, value in spec.items() if name != CLASS}
        made_params = {
            name: argument(value, more, at=f"{at}{json_pointer(name)}", depth=depth + 1)
            for name, value in params.items()
        }
        return _instance(spec[CLASS], made_params, more, at=at)
    raise InvalidParams(
        'a step is the dotted path of a class, such as "sklearn.svm.SVC", {"class": that path, param: value}, or a list'
        " of steps"
    ).at(at)


def steps(specs: list[Any], more: Collection[str], *, at: str, depth: int = 0) -> list[Step]:
    """Named steps: a name is given as `[name, step]`, or is that of the class in small letters."""
    if not specs:
        raise InvalidParams("a pipeline needs a step at least").at(at)
    found: list[Step] = []
    for place, spec in enumerate(specs):
        named = isinstance(spec, list) and len(spec) == 2 and isinstance(spec[0], str) and "." not in spec[0]
        name, inner = (spec[0], spec[1]) if named else ("", spec)
        step = made(inner, more, at=f"{at}/{place}", depth=depth)
        name = name or name_of(step, [taken for taken, _ in found])
        if not name or "__" in name or name in dict(found):
            raise InvalidParams(f"{name!r} cannot be the name of a step: it is empty, has '__' in it or is there").at(
                f"{at}/{place}"
            )
        found.append((name, step))
    return found


def name_of(step: Any, taken: Collection[str]) -> str:
    """The name of a step that was given none."""
    name, number = type(step).__name__.lower(), 2
    chosen = name
    while chosen in taken:
        chosen, number = f"{name}-{number}", number + 1
    return chosen


def argument(value: Any, more: Collection[str], *, at: str, depth: int = 0) -> Any:
    """The value of a param: what says objects as objects, in lists too, all else as it is."""
    if depth > DEEPEST:
        raise InvalidParams(f"values may be nested {DEEPEST} deep at most").at(at)
    if is_path(value, more):
        found = find(value, more, at=at)
        return found() if isinstance(found, type) else found
    if isinstance(value, Mapping):
        if CLASS in value:
            return made(value, more, at=at, depth=depth)
        # Such as the params that a search tries.
        for name in value:
            _check_allowed(name, at=f"{at}{json_pointer(name)}")
        return {name: argument(one, more, at=at, depth=depth + 1) for name, one in value.items()}
    if isinstance(value, list):
        parts = [argument(one, more, at=f"{at}/{place}", depth=depth + 1) for place, one in enumerate(value)]
        # A step of a meta-estimator: [name, estimator].
        named = len(parts) == 2 and isinstance(parts[0], str) and hasattr(parts[1], "get_params")
        return tuple(parts) if named else parts
    return value


def set_param(owner: Any, name: str, value: Any, *, at: str) -> None:
    """Set a param of an object, by `step__name` of those in it. Raises InvalidParams with what may have been meant."""
    known = owner.get_params(deep=True)
    if name not in known:
        raise InvalidParams(f"{type(owner).__name__} has no param {name!r}{close(name, known)}").at(at)
    _check_allowed(name, at=at)
    # JSON has no tuples; scikit-learn tells them from lists.
    owner.set_params(**{name: tuple(value) if isinstance(known[name], tuple) and isinstance(value, list) else value})


def _check_allowed(name: Any, *, at: str) -> None:
    last = str(name).rpartition("__")[2]
    if last in FORBIDDEN:
        raise InvalidParams(f"{last} cannot be given: {FORBIDDEN[last]}").at(at)


def _instance(path: str, params: Mapping[str, Any], more: Collection[str], *, at: str) -> Any:
    cls = find(path, more, at=at)
    if not isinstance(cls, type):
        raise InvalidParams(f"{path} is a function; a step is a class").at(at)
    taken = _signature(cls)
    for name in params:
        if name.partition("__")[0] not in taken:
            raise InvalidParams(f"{cls.__name__} has no param {name!r}{close(name, taken)}").at(at)
    needed = {name for name, default in taken.items() if default is cls}
    if missing := sorted(needed - params.keys()):
        raise InvalidParams(f"{cls.__name__} needs {', '.join(missing)}").at(at)
    made_now = cls(**{name: params[name] for name in needed})
    # What is set as a whole comes before its own params.
    for name, value in sorted(params.items(), key=lambda param: param[0].count("__")):
        set_param(made_now, name, value, at=f"{at}{json_pointer(name)}")
    return made_now


def _signature(cls: Any) -> dict[str, Any]:
    """The params of a class with their defaults; the class itself where there is none."""
    from inspect import Parameter, signature

    plain = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
    return {
        name: cls if one.default is Parameter.empty else one.default
        for name, one in signature(cls).parameters.items()
        if one.kind in plain
    }
