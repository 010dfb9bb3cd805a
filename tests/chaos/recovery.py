"""How long it takes until the service answers estimates again, and until those end that the fault hit."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import asdict
from typing import Any, Final

from tasks.contract import Kind, Lane
from tests.chaos import orders
from tests.chaos.account import Entry
from tests.chaos.face import Face
from tests.chaos.fault import Event
from tests.chaos.load import place
from tests.chaos.stage import Stage

#: A service that does not answer after so long does not recover.
LIMIT_SECONDS: Final = 60.0
#: How long one try waits for its prediction (seconds); on a machine that is too busy for that, this part of the time
#: that has passed.
WAIT_SECONDS: Final = 1.0
WAIT_PART: Final = 0.25
#: How much longer it waits for any answer at all (seconds).
ANSWER_SECONDS: Final = 2.0
#: An estimate that was sent so long before a fault had ended by then, or an earlier fault hit it (seconds).
UNDER_WAY_SECONDS: Final = 1.0


def recovered(stage: Stage, *, since: float) -> float | None:
    """Seconds from `since` (since the epoch) to the first of answers in all lanes in a row, each over a connection of
    its own; None if they do not come."""
    began, good = 0.0, 0
    while time.time() < since + LIMIT_SECONDS:
        wait = max(WAIT_SECONDS, WAIT_PART * (time.time() - since))
        if not _answers(stage, list(Lane)[good], wait=wait):
            good = 0
            time.sleep(0.02)
            continue
        began = time.time() if not good else began
        good += 1
        if good == len(Lane):
            return began - since
    return None


def _answers(stage: Stage, lane: Lane, *, wait: float) -> bool:
    with closing(Face(stage.site, seconds=wait + ANSWER_SECONDS)) as face:
        entry = place(face, stage.account, orders.estimate(stage.rng, lane=lane), wait=wait)
    return entry is not None and entry.answer is not None


def summary(entries: Iterable[Entry], events: Sequence[Event]) -> dict[str, dict[str, Any]]:
    """By kind of fault: how often, how often it recovered, seconds until estimates were answered (median, worst), and
    `stalled_seconds`: the longest that an estimate took which the fault hit, counted from the fault or its submission.
    """
    stalls: dict[int, float] = defaultdict(float)
    for entry in entries:
        hit = _hit_by(entry, events)
        if hit is not None and entry.finished_at is not None:
            since = max(events[hit].over_at, entry.sent_at)
            stalls[hit] = max(stalls[hit], entry.finished_at - since)
    kinds: dict[str, dict[str, Any]] = {}
    for kind in dict.fromkeys(event.kind for event in events):
        mine = {number: event for number, event in enumerate(events) if event.kind == kind}
        took = [event.recovery_seconds for event in mine.values() if event.recovery_seconds is not None]
        kinds[kind] = {
            "times": len(mine),
            "recovered": len(took),
            "median_seconds": round(statistics.median(took), 3) if took else None,
            "worst_seconds": round(max(took), 3) if took else None,
            "stalled_seconds": round(max(stalls[number] for number in mine), 3),
            "events": [asdict(event) for event in mine.values()],
        }
    return kinds


def _hit_by(entry: Entry, events: Sequence[Event]) -> int | None:
    """Which fault hit a good estimate: one that came while it was under way, else the last one before it."""
    if entry.order.kind is not Kind.ESTIMATE or entry.order.doomed:
        return None
    earlier = None
    for number, event in enumerate(events):
        if event.over_at > entry.sent_at:
            under_way = event.began_at < entry.sent_at or event.over_at - entry.sent_at < UNDER_WAY_SECONDS
            return number if under_way else earlier
        earlier = number
    return earlier
