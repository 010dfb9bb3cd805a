"""The param `alpha` of the objective quantile: one number, or a list of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from tasks.errors import InvalidParams

#: Most quantiles of one train: each is a fit.
MOST_QUANTILES: Final = 20


def check_alpha(name: str, value: Sequence[Any], *, objective: Any, pointer: str) -> None:
    """Raise InvalidParams for a list of `alpha` that is none of quantiles. `name`: what the param was called."""
    if objective != "quantile":
        raise InvalidParams(f"{name} may be a list for the objective quantile alone; give one number").at(pointer)
    if not 1 <= len(value) <= MOST_QUANTILES or not all(_is_level(item) for item in value):
        raise InvalidParams(
            f"{name} must be 1 to {MOST_QUANTILES} numbers between 0 and 1, such as [0.1, 0.5, 0.9]"
        ).at(pointer)
    if len(set(value)) < len(value):
        raise InvalidParams(f"{name} has a number twice; give each quantile once").at(pointer)


def levels_of(params: Mapping[str, Any]) -> tuple[float, ...]:
    """The quantiles that resolved params ask for in a list, growing; none where it is no list."""
    alpha = params.get("alpha")
    return tuple(sorted(map(float, alpha))) if isinstance(alpha, list | tuple) else ()


def _is_level(value: Any) -> bool:
    return isinstance(value, float) and 0 < value < 1
