"""Links that sign in once: a code in the address, good for a few minutes and for one use.

Standard library only until it is used, so that what makes a code needs no client of Redis.
"""

from __future__ import annotations

import hashlib
import secrets
from typing import TYPE_CHECKING, Any, Final

from tasks.redis_keys import LINK_KEY

if TYPE_CHECKING:
    import redis

#: How long a code is good (seconds), and how many random bytes it has.
LIFE_SECONDS: Final = 600
CODE_BYTES: Final = 24
#: Longest code that is looked at, in characters.
CODE_LIMIT: Final = 200


def new_code() -> str:
    """A code that nobody can guess."""
    return secrets.token_urlsafe(CODE_BYTES)


class Links:
    """The codes in one Redis, which knows a digest of each. Every method blocks."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def keep(self, code: str, name: str) -> None:
        """Have this code sign in the account of this name, once."""
        self._redis.set(_key(code), name, ex=LIFE_SECONDS)

    def take(self, code: str) -> str | None:
        """The account that a code signs in, which is used up by this; None for none."""
        found: Any = self._redis.getdel(_key(code)) if len(code) <= CODE_LIMIT else None
        return None if found is None else found.decode() if isinstance(found, bytes) else str(found)


def _key(code: str) -> str:
    return LINK_KEY.format(code=hashlib.sha256(code.encode()).hexdigest())
