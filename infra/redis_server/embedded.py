"""The embedded Valkey: where it is, its configuration, and who may enter it."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Final

from infra.host.home import Home
from infra.host.templates import fill, write_private
from infra.redis_server.users import users_acl
from tasks.config.machine import memory_bytes
from tasks.config.redis_file import CELERY_USER, FLOWER_USER, RedisAccess
from tasks.config.settings import Settings, redis_url

#: What its socket is called.
SOCKET: Final = "valkey.sock"
#: Valkey's `appendfsync` by our setting. Each second it is another process that syncs, see syncing.py.
APPENDFSYNC: Final = {"everysec": "no", "always": "always"}


def store_url(sockets: Path, access: RedisAccess) -> str:
    """The embedded Valkey, for the user that Celery is."""
    return redis_url(socket=_socket(sockets), user=CELERY_USER, password=access.celery_password)


def flower_url(sockets: Path, home: Home) -> str:
    """The embedded Valkey, for the user that Flower is."""
    return redis_url(socket=_socket(sockets), user=FLOWER_USER, password=home.flower_password())


def on_socket(sockets: Path) -> str:
    """How Valkey listens in a folder of sockets."""
    return f"port 0\nunixsocket {quote(_socket(sockets))}\nunixsocketperm 700"


def on_port(port: int) -> str:
    """How Valkey listens on all addresses."""
    return f"port {port}\nbind * -::*"


def write_store(home: Home, sockets: Path, access: RedisAccess, *, settings: Settings) -> None:
    """Write Valkey's configuration and its users, for a socket in this folder."""
    write_valkey(home, home.run, access, listen=on_socket(sockets), settings=settings)


def write_valkey(home: Home, folder: Path, access: RedisAccess, *, listen: str, settings: Settings) -> None:
    """Write Valkey's configuration and its users into this folder. `listen`: the lines that say where it listens."""
    acl = folder / "users.acl"
    write_private(acl, users_acl(access, flower_password=home.flower_password()))
    conf = fill(
        "redis_server/valkey.conf.template",
        listen=listen,
        folder=quote(home.redis),
        acl=quote(acl),
        sync=APPENDFSYNC[settings.redis_sync],
        memory=settings.redis_memory_bytes or memory_bytes() // 2,
    )
    write_private(folder / "valkey.conf", conf)


def quote(path: Path) -> str:
    """A path as Valkey's configuration reads it, whatever characters are in it."""
    plain = b"/._-+@%=,: "
    return '"' + "".join(_quoted(byte, plain) for byte in os.fsencode(path)) + '"'


def _quoted(byte: int, plain: bytes) -> str:
    safe = byte in plain or (byte < 128 and chr(byte).isalnum())
    return chr(byte) if safe else f"\\x{byte:02x}"


def _socket(sockets: Path) -> Path:
    return sockets / SOCKET
