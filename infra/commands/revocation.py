"""`mlservice token --revoke`: ends one token, given as it is or by its id."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from gateway.identity.accounts import OUTSIDE, Accounts
from gateway.identity.keys import open_keys
from gateway.identity.oidc import open_issuer
from gateway.identity.tokens import SKEW_SECONDS, Principal, Tokens
from infra.host.running import redis_of
from tasks.config.settings import Settings
from tasks.errors import InvalidField, Unauthenticated

#: Instead of a token: it is on standard input, where no list of processes shows it.
STANDARD_INPUT: Final = "-"
#: The id of a token of ours, as `Tokens` makes it, or of one of the outside issuer.
TOKEN_ID: Final = re.compile(rf"[0-9a-f]{{32}}|{OUTSIDE}[\x21-\x7e]{{1,500}}")


@dataclass(frozen=True)
class Named:
    """A token that is to be ended."""

    token_id: str
    #: Whose it is; empty if that is not known.
    owner: str = ""
    #: When it ends by itself, at the latest (seconds since the epoch); None if that is not known.
    until: float | None = None

    def __str__(self) -> str:
        if self.until is None:
            # Nobody knows how long a token lives whose issuer is another, or that was issued with other settings.
            return f"{self.token_id} is refused for ever, whether there is such a token or not"
        return f"{self.token_id} of {self.owner} is refused until {moment(self.until)}, when it has ended by itself"


def revoke(text: str, settings: Settings) -> int:
    """End the token that this is, or is the id of, and print which. Raises InvalidField if it is neither."""
    given = sys.stdin.readline() if text == STANDARD_INPUT else text
    named = name_token(given.strip(), settings)
    with redis_of(settings) as client:
        Accounts(client).revoke_token(named.token_id, until=named.until)
    print(named)
    return 0


def name_token(text: str, settings: Settings) -> Named:
    """Which token this is. Raises InvalidField for what no gateway accepts, and so needs no end."""
    if TOKEN_ID.fullmatch(text):
        if text.startswith(OUTSIDE) and not settings.oidc_issuer:
            raise InvalidField(f"there are no tokens {OUTSIDE}...: the settings name no outside issuer")
        return Named(text)
    if text.count(".") != 2:
        raise InvalidField(
            "that is neither a token nor the id of one: give the whole token, the 32 hexadecimal digits of its jti, or"
            f" {OUTSIDE} and the jti for one of the outside issuer"
        )
    try:
        principal = _read(text, settings)
    except Unauthenticated as error:
        raise InvalidField(f"nothing was ended, this token is refused anyway: {error}") from error
    return Named(principal.token_id, principal.name, principal.expires_at + SKEW_SECONDS)


def moment(seconds: float) -> str:
    """A time as commands print it."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="seconds")


def _read(token: str, settings: Settings) -> Principal:
    outside = open_issuer(settings)
    if outside is not None and outside.issued(token):
        # Without its signature: the issuer may be out of reach when a token has to be ended.
        return outside.read(token)
    return Tokens(open_keys(settings), life_seconds=settings.token_life_seconds).verify(token)
