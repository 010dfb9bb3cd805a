"""Spaces of params: whether they can be searched, for an estimator that says which params it takes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField, InvalidParams
from tasks.search.asked import MOST_CHOICES, MOST_PARAMS, Domain, Range
from tasks.tables.checks import json_pointer

#: By param where it is looked for.
Space = Mapping[str, Domain]
#: The largest whole number that a range may have: one that a float holds as it is.
_LARGEST: Final = 2**53


def own_space(said: Mapping[str, Any]) -> dict[str, Domain]:
    """The space that an estimator names, in the form in which a request has one."""
    return msgspec.convert(dict(said), dict[str, Domain])


def check_space(space: Space, params: Mapping[str, Any], *, check: Callable[[Mapping[str, Any]], None]) -> None:
    """Raises InvalidField for a space that cannot be searched, InvalidParams with all that `check` (an estimator's)
    has against its names and bounds.

    `params`: those of the request, which no trial changes.
    """
    if not 1 <= len(space) <= MOST_PARAMS:
        raise InvalidField(f"search: space must name 1 to {MOST_PARAMS} params, not {len(space)}").at("/search/space")
    twice = [name for name in space if name in params]
    if twice:
        raise InvalidField(
            f"search: {twice[0]!r} is in params, where it is fixed, and in space: leave it out of one of them"
        ).at(_pointer(twice[0]))
    for name, domain in space.items():
        fault = _fault_of_range(domain) if isinstance(domain, Range) else _fault_of_choices(domain)
        if fault:
            raise InvalidField(f"search: {name}: {fault}").at(_pointer(name))
    refused = {
        name: fault for name, domain in space.items() if (fault := _refusal(name, domain, params=params, check=check))
    }
    if refused:
        said = "; ".join(dict.fromkeys(refused.values()))
        raise InvalidParams(f"search: {said}").at(_pointer(next(iter(refused))))


def start(space: Space) -> dict[str, Any]:
    """What is tried first: the starts of ranges and the first values of lists; nothing if no range has a start."""
    ranges = {name: domain.start for name, domain in space.items() if isinstance(domain, Range)}
    starts = {name: value for name, value in ranges.items() if value is not None}
    return starts and {**starts, **{name: domain[0] for name, domain in space.items() if not isinstance(domain, Range)}}


def _refusal(
    name: str, domain: Domain, *, params: Mapping[str, Any], check: Callable[[Mapping[str, Any]], None]
) -> str:
    for value in bounds(domain):
        try:
            check({**params, name: value})
        except InvalidParams as error:
            return str(error)
    return ""


def bounds(domain: Domain) -> list[Any]:
    """What shows whether a domain can be used: its ends, or all values."""
    if isinstance(domain, Range):
        ends = [domain.low, domain.high]
        return [int(end) for end in ends] if domain.integer else ends
    return domain


def _fault_of_range(domain: Range) -> str:
    low, high = domain.low, domain.high
    if not (math.isfinite(low) and math.isfinite(high) and abs(low) <= _LARGEST and abs(high) <= _LARGEST):
        return f"low and high must be numbers from -2^53 to 2^53, not {low:g} and {high:g}"
    if not low < high:
        return f"low must be below high; they are {low:g} and {high:g}. A value that is fixed belongs into params"
    if domain.log and low <= 0:
        return f"low must be above 0 where log is true, not {low:g}"
    if domain.integer and not (float(low).is_integer() and float(high).is_integer()):
        return f"low and high must be whole where integer is true, not {low:g} and {high:g}"
    if domain.start is not None and not low <= domain.start <= high:
        return f"start must be from {low:g} to {high:g}, not {domain.start:g}"
    if domain.integer and domain.start is not None and not float(domain.start).is_integer():
        return f"start must be whole where integer is true, not {domain.start:g}"
    return ""


def _fault_of_choices(values: list[Any]) -> str:
    if not 1 <= len(values) <= MOST_CHOICES:
        return f"a list must have 1 to {MOST_CHOICES} values, not {len(values)}"
    return ""


def _pointer(name: str) -> str:
    return json_pointer("search", "space", name)
