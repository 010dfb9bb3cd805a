"""Keys of Redis as the commands that make them, in the form that any Redis or Valkey reads."""

from __future__ import annotations


def encoded(*words: bytes) -> bytes:
    """A command in Redis' protocol (RESP), as it stands in an append-only file."""
    return b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%b\r\n" % (len(word), word) for word in words)
