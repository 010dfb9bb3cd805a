"""Write what the scripts that count know of the counters of work: `python -m tests.lua_header`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from tasks.contract import PLACES
from tasks.ledger import work_counts
from tasks.ledger.work_counts import BITS, STEP, first
from tasks.storage.scripts import ROOT

HEADER: Final = "tasks/ledger/lua/include/work_counts.lua"


def header() -> str:
    """The text of the file."""
    offsets = {
        "REDELIVERED": first(work_counts.REDELIVERED),
        **{state.name: first(work_counts.FINISHED, state.value) for state in work_counts.NO_REASON},
        "ROWS": first(work_counts.ROWS),
        "BUSY": first(work_counts.BUSY),
        "WAIT_SUM": first(work_counts.WAIT, work_counts.SUM),
        "WAIT": first(work_counts.WAIT, work_counts.TIME_BOUNDS[0]),
        "RUN_SUM": first(work_counts.RUN, work_counts.SUM),
        "RUN": first(work_counts.RUN, work_counts.TIME_BOUNDS[0]),
    }
    text = (
        "-- Written by `python -m tests.lua_header` from tasks/ledger/work_counts.py, which says what the numbers are.",
        "-- luacheck: push ignore 211 (nobody uses all of it)",
        "",
        "-- Where a counter, or the first bucket of a histogram, lies in the first place (bits).",
        *(f"local {name} = {offset}" for name, offset in offsets.items()),
        "",
        '-- `place_offset("kind:lane")`: where the counters of the place begin (bits).',
        "local function place_offset(place)",
        *(f"  if place == '{kind}:{lane}' then return {at * BITS} end" for at, (kind, lane) in enumerate(PLACES)),
        "end",
        "",
        "-- Where the bucket of a time lies, from the first bucket (bits).",
        *_bucket("time_bucket", work_counts.TIME_BOUNDS),
        "-- luacheck: pop",
    )
    return "".join(f"{line}\n" for line in text)


def _bucket(name: str, bounds: Sequence[str]) -> Iterator[str]:
    yield f"local function {name}(value)"
    for at, bound in enumerate(bounds):
        yield f"  if value <= {bound} then return {at * STEP} end"
    yield f"  return {len(bounds) * STEP}"
    yield "end"


if __name__ == "__main__":
    (ROOT / HEADER).write_text(header(), encoding="utf-8")
