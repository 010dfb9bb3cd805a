"""What a caller may do: scopes, for all models or for one named model.

`estimate` allows estimates of every model, `estimate:housing` those of the model `housing` alone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Final

from tasks.contract import MODEL_NAME, MODEL_NAME_RULE
from tasks.errors import InvalidField

#: The scopes that may be limited to a model, as SCOPE:MODEL.
MODEL_SCOPES: Final = ("init", "train", "estimate", "models:write")
#: What an account may be allowed to do. `admin` allows everything.
SCOPES: Final = ("init", "train", "estimate", "tasks:read", "models:write", "monitor", "admin")
#: Any of these, for a model, lets its description be read.
VIEWING: Final = ("estimate", "train", "init", "models:write", "monitor")

#: One scope; or several of which one is enough; or None: an account is enough.
Needed = str | tuple[str, ...] | None


def allows(scopes: Collection[str], needed: Needed, *, model: str | None = None) -> bool:
    """True if these scopes cover what is needed, for this model if one is named."""
    if needed is None or needed in scopes or "admin" in scopes:
        return True
    if isinstance(needed, tuple):
        return any(allows(scopes, one, model=model) for one in needed)
    return model is not None and needed in MODEL_SCOPES and f"{needed}:{model}" in scopes


def seen_models(scopes: Collection[str]) -> frozenset[str] | None:
    """The models whose descriptions a caller with these scopes may read, if there are any; None: all."""
    if allows(scopes, VIEWING):
        return None
    return frozenset(scope[len(base) + 1 :] for scope in scopes if (base := _base(scope)) != scope)


def meet(some: Iterable[str], others: Iterable[str]) -> frozenset[str]:
    """The scopes that both cover: of `estimate` and `estimate:housing` the narrower one."""
    some, others = frozenset(some), frozenset(others)
    return frozenset({one for one in some if covers(others, one)} | {one for one in others if covers(some, one)})


def covers(scopes: Collection[str], scope: str) -> bool:
    """True if who has these scopes has this one, which may be limited to a model."""
    return scope in scopes or "admin" in scopes or _base(scope) in scopes


def known(scope: str) -> bool:
    """True if there is such a scope."""
    return _base(scope) in SCOPES


def check_scopes(scopes: Collection[str]) -> None:
    """Raise InvalidField if one of them does not exist, or if there is none."""
    for scope in sorted(scopes):
        if not known(scope):
            raise InvalidField(
                f"there is no scope {scope[:80]!r}; the scopes are {', '.join(SCOPES)}; "
                f"{', '.join(MODEL_SCOPES)} may be limited to a model, as estimate:MODEL (a name of {MODEL_NAME_RULE})"
            ).at("/scopes")
    if not scopes:
        raise InvalidField(f"an account needs at least one scope of {', '.join(SCOPES)}").at("/scopes")


def _base(scope: str) -> str:
    """The scope without its model; what is no scope is given back as it is."""
    if scope in SCOPES:
        return scope
    base, _, model = scope.rpartition(":")
    return base if base in MODEL_SCOPES and MODEL_NAME.fullmatch(model) else scope
