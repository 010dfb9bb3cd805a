"""The one positional argument of the three tasks: a model's name, or what the steps before it in a chain returned."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tasks.errors import InvalidField

#: What a step takes from the result of the one before it, and of which type it must be.
TAKEN: Final = {"model": str, "version": int}


def passed_on(before: Any) -> dict[str, Any]:
    """What `before` says of the model, as keyword arguments: `model`, and `version` where a version made it or is it.

    A name, a result, or the results of a group (that is what a chord passes on) which agree on it. Empty for anything
    else, and where they do not agree.
    """
    if isinstance(before, str):
        return {"model": before}
    if isinstance(before, Mapping):
        return _whole({name: before[name] for name, kind in TAKEN.items() if isinstance(before.get(name), kind)})
    if not isinstance(before, Sequence) or isinstance(before, bytes) or not before:
        return {}
    first, *others = map(passed_on, before)
    return _whole({name: it for name, it in first.items() if all(other.get(name) == it for other in others)})


def with_passed(args: Any, kwargs: Any) -> dict[str, Any]:
    """The keyword arguments of a call, with what its positional one says; whatever a stranger has sent."""
    passed = passed_on(args[0]) if isinstance(args, Sequence) and args else {}
    return {**passed, **kwargs} if isinstance(kwargs, dict) else passed


def check_positional(task: str, args: Sequence[Any]) -> None:
    """Raise InvalidField when there is more than one."""
    if len(args) > 1:
        raise InvalidField(
            f"{task} takes one positional argument, the model's name or the result of the step before it in a chain,"
            f" not {len(args)}; give the others by name: kwargs={{'model': ..., ...}}"
        )


def _whole(taken: dict[str, Any]) -> dict[str, Any]:
    """Nothing without a model: a version says nothing alone."""
    return taken if "model" in taken else {}
