"""What a train asks of a search: how long, how many trials, over which params."""

from __future__ import annotations

import math
from typing import Any, Final

import msgspec

from tasks.errors import InvalidField
from tasks.tables.malformed import misfit

#: Most trials of a search.
MOST_TRIALS: Final = 1000
#: Most values of a param that are tried where they are listed.
MOST_CHOICES: Final = 100
#: Most params of a space.
MOST_PARAMS: Final = 50
#: The part of a train's time limit that a search may take; the rest is for reading, the last fit and storing.
LIMIT_PART: Final = 0.8


class Range(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """The numbers from `low` to `high`, both included; `log`: evenly by their logarithm; `integer`: whole ones only;
    `start`: the one that is tried first."""

    low: int | float
    high: int | float
    log: bool = False
    integer: bool = False
    start: int | float | None = None


#: Where a param is looked for: between two numbers, or among values.
Domain = Range | list[Any]


class Search(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A search as the body of a train asks for it."""

    #: Most trials beside that of the params as they are; None: as many as the time allows.
    trials: int | None = None
    #: Most time for trials and the last fit; None: what the time limit of a train allows.
    seconds: float | None = None
    #: By param; None: what the estimator names.
    space: dict[str, Domain] | None = None


def read_search(given: Any) -> Search:
    """What was given, as JSON has it. Raises InvalidField."""
    try:
        return msgspec.convert(given, Search)
    except msgspec.ValidationError as error:
        raise misfit(error, Search, under=("search",)) from None


def check_bounds(search: Search, *, limit_seconds: float) -> None:
    """Raises InvalidField, which points at the field. `limit_seconds`: how long a train may take."""
    if search.trials is None and search.seconds is None:
        raise InvalidField('search needs an end: give seconds, trials or both, such as {"seconds": 60}').at("/search")
    if search.trials is not None and not 1 <= search.trials <= MOST_TRIALS:
        raise InvalidField(f"search: trials must be from 1 to {MOST_TRIALS}, not {search.trials}").at("/search/trials")
    if search.seconds is not None and not (search.seconds > 0 and math.isfinite(search.seconds)):
        raise InvalidField(f"search: seconds must be a number above 0, not {search.seconds:g}").at("/search/seconds")
    most = LIMIT_PART * limit_seconds
    if search.seconds is not None and search.seconds > most:
        raise InvalidField(
            f"search: seconds must be {most:g} at most, not {search.seconds:g}: a train may take {limit_seconds:g} s"
            " here (the setting train_time_limit_seconds), of which the last fit needs a part"
        ).at("/search/seconds")
