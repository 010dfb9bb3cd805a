"""One account, and how it is written down.

What makes an account another one than that which had its name before is a random number, and no time: a clock may go
back.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from gateway.identity.quotas import LIMITS, Quota

#: Bytes of a random number.
NUMBER_BYTES: Final = 8


@dataclass(frozen=True)
class Account:
    """One account as it is kept. Times are seconds since the epoch."""

    name: str
    scopes: frozenset[str]
    created_at: float
    disabled: bool = False
    password: str = field(default="", repr=False)
    #: What makes it the account that it is: work that is accepted says it beside the name. One from before there were
    #: numbers has `owns_since` as a text; so has a caller of the outside issuer, who is the same with an account here
    #: and without.
    id: str = "0.0"
    #: What its tokens say; another one with each password. One from before has its `id`, until it gets a password.
    series: str = ""
    #: Limits of this account's own, by the names of Quota's fields; the settings have the others.
    limits: Mapping[str, int] = field(default_factory=dict)
    #: Work under this name that says no account, as that from before there were numbers, is another account's, which
    #: was removed, if it was submitted before, by the clock of Redis. 0 for callers of the outside issuer.
    owns_since: float = 0.0
    #: Tokens from before there were numbers say no series. They are good until the account gets a password, if they
    #: were issued since then; none is if this is None.
    plain_tokens_since: int | None = None
    #: Tokens that were issued before are refused; set by passwords from before there were numbers.
    tokens_since: int = 0

    def quota(self, default: Quota) -> Quota:
        """What the account may use in a second."""
        return replace(default, **self.limits)


def new_number() -> str:
    """A random number that no other account, and no other series of tokens, has."""
    return os.urandom(NUMBER_BYTES).hex()


def to_record(account: Account) -> dict[str, str]:
    """A new account as it is kept."""
    return {
        "password": account.password,
        "scopes": " ".join(sorted(account.scopes)),
        "created_at": repr(account.created_at),
        "disabled": "0",
        "owns_since": repr(account.owns_since),
        "id": account.id,
        "series": account.series,
    }


def from_record(name: str, kept: Mapping[str, str]) -> Account:
    """The account of this name, as it is kept."""
    created_at, owns_since = float(kept.get("created_at", "0")), float(kept.get("owns_since", "0"))
    account_id = kept.get("id") or repr(owns_since)
    series = kept.get("series")
    return Account(
        name,
        frozenset(kept.get("scopes", "").split()),
        created_at,
        disabled=kept.get("disabled") == "1",
        password=kept.get("password", ""),
        id=account_id,
        series=account_id if series is None else series,
        limits={limit: int(kept[limit]) for limit in LIMITS if kept.get(limit)},
        owns_since=owns_since,
        plain_tokens_since=int(created_at) if series is None else None,
        tokens_since=int(kept.get("tokens_since", "0")),
    )
