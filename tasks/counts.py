"""What has happened, counted in Redis by the scripts that make it happen: once, whichever process dies after it.

One hash holds all counters. The name of a field is its parts, separated by colons. Work is counted in whole groups, so
a counter costs a request nothing of its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import Final

import redis

from tasks.contract import COUNTS_KEY, Kind, Lane, State
from tasks.groups import Outcome, read_failure

#: Upper bounds of the buckets in which times are counted (seconds).
TIME_BOUNDS: Final = (
    *("0.005", "0.01", "0.025", "0.05", "0.1", "0.25", "0.5"),
    *("1", "2.5", "5", "10", "30", "120", "600", "1800", "3600"),
)
#: Upper bounds of the buckets in which groups are counted (items).
SIZE_BOUNDS: Final = ("1", "2", "4", "8", "16", "32", "64", "128", "256")
#: The bucket of what is above all bounds.
ABOVE: Final = "+Inf"
#: The field, after a histogram's name, with the sum of what it counted (millionths).
SUM: Final = "sum"

#: Items accepted, and their groups by size; each is followed by kind and lane.
SUBMITTED: Final = "submitted"
SIZE: Final = "size"
#: Items by how they ended; followed by kind, lane, state and, where they failed, the name of the error.
FINISHED: Final = "finished"
#: Items by how long they waited for a worker, and by how long one had them; followed by kind and lane.
WAIT: Final = "wait"
RUN: Final = "run"
#: Time that workers had groups (millionths of a second); followed by kind and lane.
BUSY: Final = "busy"
#: Claims of groups that had been claimed before; followed by kind and lane.
REDELIVERED: Final = "redelivered"
#: Groups that nobody held and that were put back into their queue.
RECONCILED: Final = "reconciled"
#: The final states that need no reason.
_NO_REASON: Final = (State.SUCCEEDED, State.CANCELLED, State.EXPIRED)
#: Rows predicted.
ROWS: Final = "rows"
#: Members of a fleet that went without a word, and processes of their pools that were killed or crashed; each is
#: followed by the fleet.
LOST: Final = "lost"
LOST_PROCESSES: Final = "lost_processes"
#: Requests for work that were not accepted; followed by kind, lane and reason.
REFUSED: Final = "refused"
#: Tokens issued, and bearer tokens refused.
TOKENS_ISSUED: Final = "tokens_issued"
TOKENS_REFUSED: Final = "tokens_refused"
#: Logins refused; followed by the reason.
LOGINS_REFUSED: Final = "logins_refused"
#: Those reasons: what is sent is wrong, too many failed before, too many come at once.
LOGIN_REASONS: Final = ("credentials", "attempts", "busy")


class Refusal(StrEnum):
    """Why work was not accepted, although nothing was wrong with it."""

    #: Too many items wait.
    DEPTH = "depth"
    #: The oldest work has waited too long.
    AGE = "age"
    #: Redis has little memory left.
    MEMORY = "memory"
    #: It could not be written down.
    UNRECORDED = "unrecorded"
    #: The account has used its quota of requests, bytes or rows a second.
    QUOTA = "quota"
    #: The account has as many unfinished items as it may have.
    QUEUED = "queued"


def refusal(kind: Kind, lane: Lane, reason: Refusal) -> str:
    """The counter of work that was not accepted."""
    return f"{REFUSED}:{kind.value}:{lane.value}:{reason.value}"


def _table(bounds: Sequence[str]) -> str:
    return "{" + ", ".join(bounds) + "}"


#: `into(hash, name, bounds, value, times)` counts in the value's bucket.
_INTO: Final = f"""
local function into(counts, name, bounds, value, times)
  local at = 1
  while bounds[at] and value > bounds[at] do at = at + 1 end
  redis.call('HINCRBY', counts, name .. ':' .. (bounds[at] or '{ABOVE}'), times)
end
"""

#: Begins a script that accepts a group: `count_accepted(hash, "kind:lane", items)`.
COUNT_ACCEPTED: Final = (
    _INTO
    + f"""
local function count_accepted(counts, place, items)
  redis.call('HINCRBY', counts, '{SUBMITTED}:' .. place, items)
  into(counts, '{SIZE}:' .. place, {_table(SIZE_BOUNDS)}, tonumber(items), 1)
end
"""
)

#: Begins a script that claims a group: `count_redelivered(hash, kind, lane)`.
COUNT_REDELIVERED: Final = f"""
local function count_redelivered(counts, kind, lane)
  redis.call('HINCRBY', counts, '{REDELIVERED}:' .. kind .. ':' .. lane, 1)
end
"""

#: Begins a script that ends a group: `count_times(hash, "kind:lane", states, submitted, started, now)` counts the time
#: of the group, and of the items on which a worker worked: those that succeeded or failed.
COUNT_TIMES: Final = (
    _INTO
    + f"""
local function pass(counts, field, seconds)
  redis.call('HINCRBY', counts, field, string.format('%.0f', seconds * 1000000))
end
local function took(counts, name, seconds, times)
  seconds = math.max(seconds, 0)
  into(counts, name, {_table(TIME_BOUNDS)}, seconds, times)
  pass(counts, name .. ':{SUM}', seconds * times)
end
local function count_times(counts, place, states, submitted, started, now)
  if not (submitted and started) then return end
  pass(counts, '{BUSY}:' .. place, math.max(now - started, 0))
  local _, worked = string.gsub(states, '[sf]', '')
  if worked == 0 then return end
  took(counts, '{WAIT}:' .. place, started - submitted, worked)
  took(counts, '{RUN}:' .. place, now - started, worked)
end
"""
)


def ended(kind: Kind, lane: Lane, outcomes: Sequence[Outcome], *, states: str) -> dict[str, int]:
    """What the end of a group adds to the counters, but for its times. `states`: the first letters of the states."""
    place = f"{FINISHED}:{kind.value}:{lane.value}"
    added = {f"{place}:{state.value}": n for state in _NO_REASON if (n := states.count(state[0]))}
    if State.FAILED[0] in states:
        for outcome in outcomes:
            if outcome.state is State.FAILED:
                field = f"{place}:{State.FAILED.value}:{read_failure(outcome.body).type}"
                added[field] = added.get(field, 0) + 1
    if rows := sum(o.rows for o in outcomes):
        added[ROWS] = rows
    return added


def add(client: redis.Redis, added: Mapping[str, int]) -> None:
    """Add to the counters, at once. For what happens rarely; one round trip."""
    with client.pipeline(transaction=True) as pipe:
        for field, by in added.items():
            pipe.hincrby(COUNTS_KEY, field, by)
        pipe.execute()
