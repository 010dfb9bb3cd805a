"""The clock of all processes of the service is set, and stays so."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from tests.chaos.account import STEP_SECONDS
from tests.chaos.fault import Fault, Skipped
from tests.chaos.stage import PATIENCE_SECONDS, Stage
from tests.servers import eventually

#: The longest random pause before it (seconds).
PAUSE_SECONDS: Final = 1.5


class ClockStep(Fault):
    """Sets the clock of the service by an hour. What happens next happens by that clock."""

    repeated = True

    def __init__(self, name: str, seconds: int) -> None:
        self.name = name
        self._seconds = seconds

    def strike(self, stage: Stage) -> dict[str, Any]:
        if stage.clock is None:
            raise Skipped("there is no C compiler to move the clock with")
        time.sleep(stage.rng.uniform(0, PAUSE_SECONDS))
        stage.clock.move(stage.clock.shift + self._seconds)
        return {"seconds_from_true": stage.clock.shift}

    def settle(self, stage: Stage) -> dict[str, Any]:
        """Wait until lost work is looked for and the service says that it is ready."""
        seconds = stage.upkeep_seconds()
        eventually(lambda: stage.readiness() == "ready", seconds=PATIENCE_SECONDS, what="readiness by another clock")
        return {"upkeep_seconds": seconds}


FAULTS: Final[Sequence[Fault]] = (ClockStep("clock-forward", STEP_SECONDS), ClockStep("clock-back", -STEP_SECONDS))
