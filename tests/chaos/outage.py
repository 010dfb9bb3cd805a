"""What callers hear while the service cannot accept work."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from typing import Any, Final

from tests.chaos import orders
from tests.chaos.face import Face
from tests.chaos.load import send
from tests.chaos.stage import Stage

#: A submit must be answered in this time, whatever is wrong behind the gateway; one that is not is waited for so long
#: (seconds).
BOUND_SECONDS: Final = 2.0
ANSWER_SECONDS: Final = 10.0
PAUSE_SECONDS: Final = 0.2
#: How a submit may be answered meanwhile.
REFUSED: Final = "503 with Retry-After"
ALLOWED: Final = ("202", REFUSED)


def asked(stage: Stage, *, what: str, seconds: float, allowed: Sequence[str] = ALLOWED) -> dict[str, Any]:
    """Submit estimates for so long, one after the other; how they were answered and how long it took at most.

    What is accepted is in the account. An answer that is not `allowed` breaks a promise, and one that takes longer than
    BOUND_SECONDS.
    """
    answers: Counter[str] = Counter()
    slowest = 0.0
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        began = time.monotonic()
        with closing(Face(stage.site, seconds=ANSWER_SECONDS)) as face:
            answers[send(face, stage.account, orders.estimate(stage.rng))[1]] += 1
        slowest = max(slowest, time.monotonic() - began)
        time.sleep(PAUSE_SECONDS)
    for answer, count in answers.items():
        if answer not in allowed:
            stage.account.find(f"{what}: {count} submits were answered {answer}")
    if slowest > BOUND_SECONDS:
        stage.account.find(f"{what}: a submit was answered after {slowest:.2f} s only")
    return {"answers": dict(answers), "slowest_answer_seconds": round(slowest, 2)}
