"""The accounts as administrators see them: a page at a time, each with its quota and what it has unfinished."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import redis

from gateway.identity.account import Account
from gateway.identity.accounts import OUTSIDE, Accounts
from gateway.identity.quotas import Quota
from gateway.web.representations import moment
from tasks.errors import NotFound
from tasks.redis_keys import UNFINISHED_KEY


@dataclass(frozen=True)
class Entry:
    """An account, with what is known beside it."""

    account: Account
    #: What it may use: its own limits, else those of the settings.
    quota: Quota
    #: Its items of work that are not finished.
    unfinished: int

    def document(self) -> dict[str, Any]:
        """As the API tells it; nothing of its password."""
        return {
            "name": self.account.name,
            "scopes": sorted(self.account.scopes),
            "outside": self.account.name.startswith(OUTSIDE),
            "disabled": self.account.disabled,
            "created_at": moment(self.account.created_at),
            "limits": dict(self.account.limits),
            "quota": asdict(self.quota),
            "unfinished": self.unfinished,
        }


class Directory:
    """Reads the accounts in one Redis. Every method blocks."""

    def __init__(self, client: redis.Redis, accounts: Accounts, *, quota_of: Callable[[Account], Quota]) -> None:
        self._redis = client
        self._accounts = accounts
        self._quota_of = quota_of

    def page(self, *, limit: int, after: str = "") -> tuple[list[Entry], bool]:
        """(the accounts whose names are after that, sorted, at most so many; whether there are more)."""
        names = [name for name in self._accounts.names() if name > after]
        return self._entries(names[:limit]), len(names) > limit

    def entry(self, name: str) -> Entry:
        """One account. Raises NotFound."""
        found = self._entries([name])
        if not found:
            raise NotFound(f"there is no account {name[:80]!r}")
        return found[0]

    def _entries(self, names: Sequence[str]) -> list[Entry]:
        if not names:
            return []
        unfinished: Any = self._redis.hmget(UNFINISHED_KEY, list(names))
        found = zip(names, self._accounts.several(names), unfinished, strict=True)
        return [Entry(one, self._quota_of(one), max(0, int(items or 0))) for _, one, items in found if one is not None]
