"""Who a token speaks for now: the token, its account, and whether either was ended. Remembered for a while."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from gateway.identity.account import Account
from gateway.identity.accounts import Accounts
from gateway.identity.oidc import OutsideIssuer
from gateway.identity.quotas import NO_QUOTA, Quota
from gateway.identity.scopes import meet
from gateway.identity.tokens import ISSUER, Principal, Tokens
from tasks.errors import Unauthenticated
from tasks.redis_keys import EVERYTHING_CHANGED, TOKEN_CHANGE

#: Seconds after which account and token are looked up again, should the word of a change be lost.
REMEMBERED_SECONDS: Final = 30
#: Most tokens that are remembered.
CACHE_SIZE: Final = 4096

#: Why a token is refused that its account does not take.
GONE: Final = "the token's account was removed or disabled"
ENDED: Final = "the token's account was replaced or got another password; get a new one from /v1/token"

#: An account, if there is one, and whether the token was revoked.
Standing = tuple[Account | None, bool]


class Callers:
    """The callers of this process. Everything but the reads happens on the event loop."""

    def __init__(
        self,
        accounts: Accounts,
        tokens: Tokens,
        *,
        outside: OutsideIssuer | None = None,
        quota: Quota = NO_QUOTA,
        clock: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
        cache_size: int = CACHE_SIZE,
    ) -> None:
        self._accounts = accounts
        self._tokens = tokens
        self._outside = outside
        self._quota = quota
        self._clock = clock
        self._ticks = ticks
        self._cache_size = cache_size
        #: By audience and token.
        self._known: dict[tuple[str, str], tuple[Principal, float]] = {}
        self._reading: dict[tuple[str, str, int], asyncio.Future[Standing]] = {}
        self._changes = 0

    async def principal(self, token: str, *, audience: str = ISSUER) -> Principal:
        """Who this token speaks for to this audience, with the scopes that both token and account have.

        Raises Unauthenticated, and Unavailable if that cannot be found out now.
        """
        remembered = self.remembered(token, audience=audience)
        if remembered is not None:
            return remembered
        changes = self._changes
        theirs = self._outside if self._outside is not None and self._outside.issued(token) else None
        claimed = self._tokens.verify(token, audience=audience) if theirs is None else await theirs.verify(token)
        account, revoked = await self._standing(claimed)
        if revoked:
            raise Unauthenticated("the token was revoked; get a new one")
        if theirs is None:
            principal = self._admitted(claimed, account)
        else:
            principal = self._admitted_outside(claimed, account, scoped=theirs.scoped)
        # What was read before a change must not be kept.
        if changes == self._changes:
            self._remember((audience, token), principal)
        return principal

    def remembered(self, token: str, *, audience: str = ISSUER) -> Principal | None:
        """The same, if it is known without asking: one object for as long as nothing has changed."""
        known = self._known.get((audience, token))
        if known is not None and self._ticks() < known[1] and self._clock() < known[0].expires_at:
            return known[0]
        return None

    def quota_of(self, account: Account) -> Quota:
        """What an account may use in a second: its own limits, else those of the settings."""
        return account.quota(self._quota)

    def forget(self, what: str) -> None:
        """Drop what is remembered of an account by its name, of a token, or everything, as ACCOUNTS_CHANNEL says."""
        self._changes += 1
        if what == EVERYTHING_CHANGED:
            self._known.clear()
            return
        for key, (principal, _) in list(self._known.items()):
            if what in (principal.name, TOKEN_CHANGE.format(token=principal.token_id)):
                del self._known[key]

    def _admitted(self, claimed: Principal, account: Account | None) -> Principal:
        if account is None:
            raise Unauthenticated(GONE)
        principal = self._limited(claimed, account, claimed.scopes)
        if claimed.series != account.series and not _is_plain(claimed, account):
            raise Unauthenticated(ENDED)
        return replace(principal, account=account.id, owns_since=account.owns_since)

    def _admitted_outside(self, claimed: Principal, account: Account | None, *, scoped: bool) -> Principal:
        """A caller of the outside issuer may have an account here, which narrows what the token says, or says it."""
        if account is not None:
            return self._limited(claimed, account, claimed.scopes if scoped else account.scopes)
        if not scoped:
            raise Unauthenticated(f"{claimed.name!r} has no account here; `mlservice user add` makes one")
        return replace(claimed, quota=self._quota)

    def _limited(self, claimed: Principal, account: Account, scopes: frozenset[str]) -> Principal:
        if account.disabled:
            raise Unauthenticated(GONE)
        if claimed.issued_at < account.tokens_since:
            raise Unauthenticated(ENDED)
        return replace(claimed, scopes=meet(scopes, account.scopes), quota=self.quota_of(account))

    def _remember(self, key: tuple[str, str], principal: Principal) -> None:
        while len(self._known) >= self._cache_size:
            del self._known[next(iter(self._known))]
        self._known[key] = principal, self._ticks() + REMEMBERED_SECONDS

    async def _standing(self, claimed: Principal) -> Standing:
        """What Redis says; those who ask at the same time share one read."""
        key = (claimed.name, claimed.token_id, self._changes)
        reading = self._reading.get(key)
        if reading is None:
            reading = self._reading[key] = asyncio.ensure_future(asyncio.to_thread(self._look, claimed))
            reading.add_done_callback(lambda done: self._read(key, done))
        return await asyncio.shield(reading)

    def _look(self, claimed: Principal) -> Standing:
        return self._accounts.get(claimed.name), self._accounts.is_revoked(claimed.token_id)

    def _read(self, key: tuple[str, str, int], done: asyncio.Future[Standing]) -> None:
        self._reading.pop(key, None)
        if not done.cancelled():
            # All who waited may be gone; then nobody else takes note of what it raised.
            done.exception()


def _is_plain(claimed: Principal, account: Account) -> bool:
    """Whether a token is from before there were series, as is its account, which has had no other password since."""
    since = account.plain_tokens_since
    return not claimed.series and since is not None and claimed.issued_at >= since
