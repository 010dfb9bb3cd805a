"""How far Valkey is with reading what it kept, asked without a library, which `up` would keep in its memory."""

from __future__ import annotations

import contextlib
import socket
from pathlib import Path
from typing import Final

from tasks.config.redis_file import CELERY_USER, RedisAccess

#: Longest wait for its answer.
ANSWER_SECONDS: Final = 2.0
#: No answer to INFO about one section is longer (bytes).
ANSWER_BYTES: Final = 64 * 1024


def loaded_part(sockets: Path, access: RedisAccess) -> float | None:
    """The part of its history that the embedded Valkey has read, from 0 to 1; None if it reads none, or is silent."""
    with contextlib.suppress(OSError, ValueError), socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(ANSWER_SECONDS)
        connection.connect(str(sockets / "valkey.sock"))
        connection.sendall(_command("AUTH", CELERY_USER, access.celery_password) + _command("INFO", "persistence"))
        told = _told(connection)
        if told.get("loading") == "1":
            return float(told.get("loading_loaded_perc", "0")) / 100
    return None


def _told(connection: socket.socket) -> dict[str, str]:
    """The fields of the answer to INFO, which ends with an empty line."""
    text = b""
    while not text.endswith(b"\r\n\r\n") and len(text) < ANSWER_BYTES:
        part = connection.recv(ANSWER_BYTES)
        if not part:
            break
        text += part
        if text.startswith(b"-") or b"\r\n-" in text[:200]:
            # Refused: an error has one line.
            break
    lines = text.decode("utf-8", "replace").splitlines()
    return dict(line.split(":", 1) for line in lines if ":" in line)


def _command(*words: str) -> bytes:
    """A command as RESP writes it, whatever characters are in its words."""
    parts = [word.encode() for word in words]
    return b"*%d\r\n" % len(parts) + b"".join(b"$%d\r\n%b\r\n" % (len(part), part) for part in parts)
