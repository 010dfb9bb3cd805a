"""Whether the end of a group is to be told to webhooks."""

from __future__ import annotations

from typing import Final

from tasks.ledger.groups import Claim
from tasks.redis_keys import GROUP_KEY, HEARD_KEY, HEARD_OF_DEAD

#: The query parameter of work that names a webhook which is to hear of its end.
ASKED: Final = "webhook"


def heard_of(claim: Claim) -> tuple[str, str]:
    """Two keys, as `finish.lua` asks: the first is there if the end is to be told, the other if that of a group with
    dead letters is. What was asked for with the work is told in any case: the group itself is there."""
    asked = any(ASKED in head.query for head in claim.heads)
    wanted = GROUP_KEY.format(group=claim.group) if asked else HEARD_KEY.format(what=claim.kind.value)
    return wanted, HEARD_KEY.format(what=HEARD_OF_DEAD)
