"""The counters of work: numbers side by side in one string of Redis, so that a script adds to all that a group changes
with one command. With a field of a hash for each, counting took Redis twice as long.

Work is counted in whole groups, so a counter costs a request nothing of its own.
"""

from __future__ import annotations

import struct
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tasks.contract import PLACES, Place, State

#: Upper bounds of the buckets in which times are counted (seconds).
TIME_BOUNDS: Final = (
    *("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5"),
    *("1", "2.5", "5", "10", "30", "120", "600", "1800", "3600"),
)
#: Upper bounds of the buckets in which groups are counted (items).
SIZE_BOUNDS: Final = ("1", "2", "4", "8", "16", "32", "64", "128", "256")
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
_BITS: Final = 64
_STEP: Final = _BITS * len(PLACES)


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


def _lua(values: Sequence[str]) -> str:
    return "{" + ", ".join(values) + "}"


def _first(name: str) -> int:
    """The offset of a counter, or of its first part, in the first place (bits): that of the last ones of the name."""
    parts = [part for known, *part in _COUNTERS if known == name]
    first = (name, *parts[0])
    return _STEP * max(at for at, known in enumerate(_COUNTERS) if known == first)


def _add(*added: tuple[str, str]) -> str:
    """The command that adds to some counters; for each, its offset from the place's and what is added, in Lua."""
    each = ", ".join(f"'INCRBY', 'i64', place + {offset}, {value}" for offset, value in added)
    return f"redis.call('BITFIELD', counts, {each})"


#: `offset_of("kind:lane")` is where the counters of the place begin, `bucket(bounds, value)` the offset of the value's
#: bucket from the first one (bits).
_OFFSETS: Final = f"""
local function offset_of(place)
  local offsets = {_lua([f"['{kind}:{lane}'] = {_BITS * at}" for at, (kind, lane) in enumerate(PLACES)])}
  return offsets[place]
end
local function bucket(bounds, value)
  local at = 0
  while bounds[at + 1] and value > bounds[at + 1] do at = at + 1 end
  return at * {_STEP}
end
"""

#: Begins a script that accepts a group: `count_accepted(counts, "kind:lane", items)`.
COUNT_ACCEPTED: Final = (
    _OFFSETS
    + f"""
local function count_accepted(counts, where, items)
  local place, size = offset_of(where), bucket({_lua(SIZE_BOUNDS)}, tonumber(items))
  {_add((str(_first(SUBMITTED)), "items"), (f"{_first(SIZE)} + size", "1"))}
end
"""
)

#: Begins a script that claims a group: `count_redelivered(counts, kind, lane)`.
COUNT_REDELIVERED: Final = (
    _OFFSETS
    + f"""
local function count_redelivered(counts, kind, lane)
  local place = offset_of(kind .. ':' .. lane)
  {_add((str(_first(REDELIVERED)), "1"))}
end
"""
)

#: Begins a script that ends a group: `count_ended(counts, "kind:lane", states, rows, submitted, started, now)` counts
#: the items by their states (a letter each), the time of the group, and that of the items on which a worker worked:
#: those that succeeded or failed. `started` is false where nobody knows.
COUNT_ENDED: Final = (
    _OFFSETS
    + f"""
local function count_ended(counts, where, states, rows, submitted, started, now)
  local function those(letters)
    local _, found = string.gsub(states, letters, '')
    return found
  end
  local place, worked, waited, ran = offset_of(where), 0, 0, 0
  if started then
    worked, waited, ran = those('[sf]'), math.max(started - submitted, 0), math.max(now - started, 0)
  end
  local bounds = {_lua(TIME_BOUNDS)}
  local function millionths(seconds) return math.floor(seconds * 1000000 + 0.5) end
  {
        _add(
            *((str(_first(FINISHED) + at * _STEP), f"those('{state.value[0]}')") for at, state in enumerate(NO_REASON)),
            (str(_first(ROWS)), "rows"),
            (str(_first(BUSY)), "millionths(ran)"),
            (str(_first(WAIT)), "millionths(waited * worked)"),
            (f"{_first(WAIT) + _STEP} + bucket(bounds, waited)", "worked"),
            (str(_first(RUN)), "millionths(ran * worked)"),
            (f"{_first(RUN) + _STEP} + bucket(bounds, ran)", "worked"),
        )
    }
end
"""
)
