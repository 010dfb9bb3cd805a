"""The configuration of the embedded Valkey, and who may do what in it."""

from __future__ import annotations

import os
from hashlib import sha256
from pathlib import Path
from typing import Final

from infra.home import Home
from infra.templates import fill, write_private

#: The user that may do all. Nothing of ours uses it; it is there for the operator.
MASTER: Final = "master"


def write_store(home: Home, sockets: Path) -> None:
    """Write Valkey's configuration and its users. Passwords are written as SHA-256, so any character may be in them."""
    acl = home.run / "users.acl"
    write_private(
        acl,
        fill(
            "redis/users.acl.template",
            master=MASTER,
            master_hash=_digest(home.secret("redis-master.password")),
            celery_hash=_digest(home.secret("redis-celery.password")),
        ),
    )
    conf = fill(
        "redis/valkey.conf.template",
        socket=quote(sockets / "valkey.sock"),
        folder=quote(home.redis),
        acl=quote(acl),
    )
    write_private(home.run / "valkey.conf", conf)


def quote(path: Path) -> str:
    """A path as Valkey's configuration reads it, whatever characters are in it."""
    plain = b"/._-+@%=,: "
    return '"' + "".join(_quoted(byte, plain) for byte in os.fsencode(path)) + '"'


def _quoted(byte: int, plain: bytes) -> str:
    safe = byte in plain or (byte < 128 and chr(byte).isalnum())
    return chr(byte) if safe else f"\\x{byte:02x}"


def _digest(password: str) -> str:
    return sha256(password.encode()).hexdigest()
