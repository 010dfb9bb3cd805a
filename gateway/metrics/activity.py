"""What happened in the last hours, from the notes of its minutes: in steps of equal length, as a chart has it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby
from typing import Any, Final

from gateway.web.representations import moment
from tasks.contract import Kind, Lane, State
from tasks.ledger import work_counts
from tasks.ledger.activity import BUCKETS, MINUTE, Minute, noted

#: The part of the work whose times are told.
PART: Final = 0.95
#: A note that stands for longer than this many minutes says of none of them what happened in it.
LONG: Final = 3


def points(minutes: Iterable[Minute], *, step_seconds: int) -> list[dict[str, Any]]:
    """A point for each step in which a note was made, the oldest first."""
    return [_point(list(notes)) for _, notes in groupby(minutes, lambda one: one.at // step_seconds)]


def _point(notes: Sequence[Minute]) -> dict[str, Any]:
    last, grown = notes[-1], Counter[str]()
    told = [one for one in notes if 0 < one.seconds < LONG * MINUTE]
    for one in told:
        grown.update(one.grown)
    return {
        "at": moment(last.at),
        "seconds": round(sum(one.seconds for one in told), 3),
        "rows": grown[noted(Kind.ESTIMATE, work_counts.ROWS)],
        "accepted": _by_kind(grown, work_counts.SUBMITTED),
        **{state.value: _by_kind(grown, state.value) for state in State if state.final},
        "waiting_p95_seconds": _times(grown, work_counts.WAIT),
        "working_p95_seconds": _times(grown, work_counts.RUN),
        "unfinished": {lane.value: max(_of_lane(one.unfinished, lane) for one in notes) for lane in Lane},
        "oldest_seconds": {lane.value: max(_oldest(one.oldest, lane) for one in notes) for lane in Lane},
        "redis_bytes": last.memory_bytes,
        "redis_limit_bytes": last.memory_limit_bytes or None,
        "disk_bytes": last.disk_bytes or None,
        "disk_free_bytes": last.disk_free_bytes if last.disk_bytes else None,
    }


def _by_kind(grown: Counter[str], name: str) -> dict[str, int]:
    return {kind.value: grown[noted(kind, name)] for kind in Kind}


def _times(grown: Counter[str], name: str) -> dict[str, float | None]:
    return {kind.value: percentile([grown[noted(kind, name, part)] for part in BUCKETS], PART) for kind in Kind}


def _of_lane(unfinished: Mapping[str, int], lane: Lane) -> int:
    return sum(unfinished.get(f"{kind.value}:{lane.value}", 0) for kind in Kind)


def _oldest(oldest: Mapping[str, float], lane: Lane) -> float:
    return round(max(oldest.get(f"{kind.value}:{lane.value}", 0.0) for kind in Kind), 3)


def percentile(counted: Sequence[int], part: float) -> float | None:
    """The time (seconds) below which this part of what was counted in BUCKETS lies, as if each bucket were filled
    evenly, like histogram_quantile of Prometheus: the greatest bound for what is above all; None if there was none."""
    whole = sum(counted)
    if not whole:
        return None
    bounds, below, start = [float(bound) for bound in work_counts.TIME_BOUNDS], 0, 0.0
    for bound, number in zip(bounds, counted, strict=False):
        if number and below + number >= part * whole:
            return round(start + (bound - start) * (part * whole - below) / number, 4)
        below, start = below + number, bound
    return bounds[-1]
