"""What has become of a request for work before the app gets it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from gateway.commit.gathering import Ticket

#: Where the scope of a request has it.
SUBMITTED: Final = "mlservice.submitted"


@dataclass(frozen=True, slots=True)
class Submitted:
    """It was accepted, or why not; and how long its caller has waited since then (seconds)."""

    ticket: Ticket | None = None
    error: Exception | None = None
    waited: float = 0.0

    def outcome(self) -> Ticket:
        """The ticket. Raises what `Dispatcher.submit` raises."""
        if self.ticket is None:
            raise self.error or RuntimeError("neither accepted nor refused")
        return self.ticket
