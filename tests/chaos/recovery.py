"""How long it takes until the service answers estimates again."""

from __future__ import annotations

import time
from contextlib import closing
from typing import Final

from tasks.contract import Lane
from tests.chaos import orders
from tests.chaos.face import Face
from tests.chaos.load import place
from tests.chaos.stage import Stage

#: A service that does not answer after so long does not recover.
LIMIT_SECONDS: Final = 120.0
#: How long one try waits for its prediction, and any answer at all (seconds).
WAIT_SECONDS: Final = 1.0
ANSWER_SECONDS: Final = 3.0


def recovered(stage: Stage, *, since: float) -> float | None:
    """Seconds from `since` (since the epoch) to the first of answers in all lanes in a row, each over a connection of
    its own; None if they do not come."""
    began, good = 0.0, 0
    while time.time() < since + LIMIT_SECONDS:
        if not _answers(stage, list(Lane)[good]):
            good = 0
            time.sleep(0.02)
            continue
        began = time.time() if not good else began
        good += 1
        if good == len(Lane):
            return began - since
    return None


def _answers(stage: Stage, lane: Lane) -> bool:
    with closing(Face(stage.site, seconds=ANSWER_SECONDS)) as face:
        entry = place(face, stage.account, orders.estimate(stage.rng, lane=lane), wait=WAIT_SECONDS)
    return entry is not None and entry.answer is not None
