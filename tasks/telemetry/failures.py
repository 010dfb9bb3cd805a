"""What the log says of work: what a claim is about, and how its items failed."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any, Final

from tasks.contract import State
from tasks.errors import InvalidRequest, NotFound, NotReady, by_name, repeats
from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome, is_given_up, read_failure

log = logging.getLogger(__name__)

#: Errors that a request is to blame for, so that they need nobody's attention.
CALLERS: Final = (InvalidRequest, NotFound, NotReady)
#: Most characters of an error's message that are repeated.
DETAIL_LENGTH: Final = 500


def subject(claim: Claim) -> dict[str, Any]:
    """What every line is about that is logged while this claim is worked on."""
    common = {"kind": claim.kind.value, "lane": claim.lane.value}
    if len(claim.heads) == 1:
        return common | _item(claim, 0)
    return common | {"task_id": claim.group, "items": len(claim.heads)}


def log_failures(claim: Claim, outcomes: Sequence[Outcome]) -> None:
    """Say of each item that failed how it did. The words of an error that may repeat what was sent are left out."""
    for index, outcome in enumerate(outcomes):
        if outcome.state is not State.FAILED:
            continue
        held = read_failure(outcome.body)
        error = by_name(held.type)
        level = logging.INFO if issubclass(error, CALLERS) else logging.WARNING
        detail = "" if repeats(error) else f": {held.detail[:DETAIL_LENGTH]}"
        kept = "; it is kept as a dead letter" if is_given_up(outcome) else ""
        about = _item(claim, index) | {"reason": held.type}
        log.log(level, "work %s-%d failed with %s%s%s", claim.group, index, held.type, detail, kept, extra=about)


def _item(claim: Claim, index: int) -> dict[str, Any]:
    head = claim.heads[index]
    return {
        "task_id": f"{claim.group}-{index}",
        "request_id": head.request_id,
        "trace_id": head.trace[3:35],
        "owner": head.owner,
        "model": head.model,
        "version": claim.version_asked(head),
    }
