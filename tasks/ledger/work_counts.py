"""The counters of work: numbers side by side in one string of Redis, so that a script adds to all that a group changes
with one command. With a field of a hash for each, counting took Redis twice as long.

Work is counted in whole groups, so a counter costs a request nothing of its own. The scripts that count know the
numbers from `lua/include/work_counts.lua`, which `python -m tests.lua_header` writes from what is here.
"""

from __future__ import annotations

import struct
from bisect import bisect_left
from collections import Counter
from functools import cache
from typing import Final

from tasks.contract import PLACES, Place, State

#: Upper bounds of the buckets in which times are counted (seconds).
TIME_BOUNDS: Final = (
    *("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5"),
    *("1", "2.5", "5", "10", "30", "120", "600", "1800", "3600"),
)
#: Upper bounds of the buckets in which groups are counted (items).
SIZE_BOUNDS: Final = ("1", "2", "4", "8", "16", "32", "64", "128", "256")
_SIZES: Final = tuple(map(int, SIZE_BOUNDS))
#: The bucket of what is above all bounds.
ABOVE: Final = "+Inf"
#: The part of a histogram that is the sum of what it counted (millionths).
SUM: Final = "sum"

#: Items accepted, and their groups by size.
SUBMITTED: Final = "submitted"
SIZE: Final = "size"
#: Items by how they ended; those that failed are counted by the name of the error, see `counts.py`.
FINISHED: Final = "finished"
#: Items by how long they waited for a worker, and by how long one had them.
WAIT: Final = "wait"
RUN: Final = "run"
#: Time that workers had groups (millionths of a second).
BUSY: Final = "busy"
#: Claims of groups that had been claimed before.
REDELIVERED: Final = "redelivered"
#: Rows predicted; those of direct calls are counted in all, see `counts.py`.
ROWS: Final = "rows"

#: The final states that need no reason.
NO_REASON: Final = (State.SUCCEEDED, State.CANCELLED, State.EXPIRED)

#: What is counted in each place, as (name,) or (name, part), in the order of the numbers; those of a histogram follow
#: each other. What is here keeps its number for ever, because Redis and workers of other versions know it by that: a
#: new counter, or all of a histogram whose bounds change, comes at the end, and what was counted under its old numbers
#: is added by name.
_COUNTERS: Final = (
    (SUBMITTED,),
    *((SIZE, bound) for bound in (*SIZE_BOUNDS, ABOVE)),
    (REDELIVERED,),
    *((FINISHED, state.value) for state in NO_REASON),
    (ROWS,),
    (BUSY,),
    *((name, part) for name in (WAIT, RUN) for part in (SUM, *TIME_BOUNDS, ABOVE)),
)
#: Bits of a number, and from one counter to the next of the same place.
BITS: Final = 64
STEP: Final = BITS * len(PLACES)


def counter(name: str, place: Place, *part: str) -> str:
    """What a counter of a place, or a part of one, is called where it is read."""
    return ":".join((name, *place, *part))


def read(kept: bytes | None) -> Counter[str]:
    """The counters by `counter`, from the string under WORK_COUNTS_KEY. One of a newer version may hold more."""
    numbers = struct.unpack(f">{len(kept) // 8}q", kept) if kept else ()
    names = (counter(name, place, *part) for name, *part in _COUNTERS for place in PLACES)
    found = Counter[str]()
    for name, number in zip(names, numbers, strict=False):
        found[name] += number
    return found


def first(name: str, *part: str) -> int:
    """The offset of a counter, or of the first part of a histogram, in the first place (bits): that of the last ones of
    the name."""
    wanted = part or next(tuple(parts) for known, *parts in _COUNTERS if known == name)
    return STEP * max(at for at, known in enumerate(_COUNTERS) if known == (name, *wanted))


@cache
def accepted_offsets(place: Place, items: int) -> tuple[int, int]:
    """Where the counter of accepted items of a place lies, and that of its groups of this size (bits)."""
    start = PLACES.index(place) * BITS
    bucket = bisect_left(_SIZES, items) * STEP
    return start + first(SUBMITTED), start + first(SIZE) + bucket
