"""What is counted of webhooks, as fields of COUNTS_KEY."""

from __future__ import annotations

from typing import Final

#: Attempts that came through, and those that did not.
DELIVERED: Final = "webhooks:delivered"
REFUSED: Final = "webhooks:refused"
#: Messages that were given up after all attempts.
GIVEN_UP: Final = "webhooks:given_up"
#: Messages that were not kept: as many waited for their webhook as may.
DROPPED: Final = "webhooks:dropped"
#: Things that happened and were not told, as too many waited to be; `tell.lua` counts them.
UNTOLD: Final = "webhooks:untold"

#: Where each is counted, by what became of the message.
MESSAGES: Final = {field.partition(":")[2]: field for field in (DELIVERED, REFUSED, GIVEN_UP, DROPPED, UNTOLD)}
