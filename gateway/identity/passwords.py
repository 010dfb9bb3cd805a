"""Passwords as argon2id hashes."""

from __future__ import annotations

from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

#: KiB of memory for one hash.
MEMORY_KIB: Final = 32 * 1024
#: Passes over that memory. With the memory above one check takes about 40 ms of one core.
PASSES: Final = 2


class Passwords:
    """Makes and checks argon2id hashes. Safe to share between threads: argon2 runs without the interpreter's lock."""

    def __init__(self, *, memory_kib: int = MEMORY_KIB, passes: int = PASSES) -> None:
        self._hasher = PasswordHasher(time_cost=passes, memory_cost=memory_kib, parallelism=1)
        #: A hash that no password has and that takes as long to check as a real one.
        self.nobody = f"$argon2id$v=19$m={memory_kib},t={passes},p=1${'A' * 22}${'A' * 43}"

    def hash(self, password: str) -> str:
        """The hash of a password, with a new salt, in PHC string format."""
        return self._hasher.hash(password)

    def matches(self, hashed: str, password: str) -> bool:
        """True if this is the hash of this password; False also for what is no argon2 hash."""
        try:
            return self._hasher.verify(hashed, password)
        except (VerificationError, InvalidHashError):
            return False

    def outdated(self, hashed: str) -> bool:
        """True if the hash was made with other costs than these."""
        return self._hasher.check_needs_rehash(hashed)
