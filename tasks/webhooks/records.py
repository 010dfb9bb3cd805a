"""A webhook and its deliveries, as they are kept."""

from __future__ import annotations

import os
import re
from enum import StrEnum
from typing import Final

import msgspec

from tasks.contract import Kind
from tasks.ledger.groups import Head, Owner
from tasks.webhooks.happenings import Event
from tasks.webhooks.signing import Secret

#: What a webhook is called.
WEBHOOK_ID: Final = re.compile(r"wh_[0-9a-f]{24}")
#: Bytes of the random number in it.
ID_BYTES: Final = 12
#: The kinds of work whose ends are told if nothing is said: estimates may come by the thousand.
KINDS: Final = (Kind.INIT, Kind.TRAIN)
#: How many attempts at one delivery are kept.
ATTEMPTS_KEPT: Final = 20


class Webhook(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One webhook of an account. Times are seconds since the epoch, by the clock of Redis."""

    id: str
    url: str
    owner: str
    #: Which account of the name it is, and since when work that says no account is its; see `Owner`.
    account: str = ""
    since: float = 0.0
    #: What its maker could do then; it hears of no more than its account may see now, and of this.
    scopes: tuple[str, ...]
    #: What it hears of: of tasks those of these kinds; of tasks and versions, those of these models, or of all.
    events: tuple[Event, ...] = ()
    kinds: tuple[Kind, ...] = KINDS
    models: tuple[str, ...] = ()
    description: str = ""
    #: The newest first; two at most.
    secrets: tuple[Secret, ...]
    created_at: float
    enabled: bool = True
    #: Why it is not, if that was not its owner's wish.
    ended_because: str = ""

    def owns(self, head: Head, *, asked_at: float) -> bool:
        """Whether a task with this head is of the webhook's account."""
        if head.owner != self.owner:
            return False
        return head.account == self.account if head.account and self.account else asked_at >= self.since

    @property
    def whose(self) -> Owner:
        """The account that it is of."""
        return Owner(self.owner, self.account, self.since)


class Progress(StrEnum):
    """How far a delivery is."""

    #: It is to be tried, perhaps again.
    PENDING = "pending"
    #: The receiver has it.
    DELIVERED = "delivered"
    #: It was tried as often as it is tried.
    FAILED = "failed"


class Attempt(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One try to deliver: when, how long it took (seconds), and what came of it."""

    at: float
    seconds: float
    #: The status that was answered; None if none was.
    status: int | None = None
    error: str = ""


class Delivery(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message for one webhook. Sent again, it is the same message."""

    #: What the receiver knows it by.
    id: str
    type: str
    #: JSON; signed as it is, so kept as it is.
    payload: str
    created_at: float
    progress: Progress = Progress.PENDING
    #: How often it was tried since it was made, or asked for again.
    tries: int = 0
    attempts: tuple[Attempt, ...] = ()


encode = msgspec.json.Encoder().encode
read_webhook = msgspec.json.Decoder(Webhook).decode
read_delivery = msgspec.json.Decoder(Delivery).decode


def new_id() -> str:
    """What a new webhook is called."""
    return f"wh_{os.urandom(ID_BYTES).hex()}"
