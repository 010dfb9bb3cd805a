"""Which Redis `mlservice up` uses: the one of REDIS_URL, that of a file's HOST, or one of its own."""

from __future__ import annotations

import argparse
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from infra.host.home import FLOWER_REDIS_PASSWORD, Home
from infra.redis_server.embedded import store_url
from infra.redis_server.users import users_acl
from tasks.config.home import DEFAULT_HOME, HOME
from tasks.config.redis_file import FLOWER_USER, REDIS_FILE, RedisAccess, redis_access
from tasks.config.settings import config_folder
from tasks.errors import SettingsError

#: The secret that says where what the home held was moved, if it was.
MOVED: Final = "moved"


@dataclass(frozen=True, kw_only=True)
class RedisPlace:
    """Where Redis is."""

    url: str = field(repr=False)
    #: Who may enter the embedded Valkey; None if Redis is not ours to start.
    access: RedisAccess | None


def redis_place(home: Home, sockets: Path, environ: Mapping[str, str]) -> RedisPlace:
    """The Redis to use. Without a file in the folder of configuration the home's own is used, or made.

    Raises SettingsError, which names file and key; and where the home's own has nothing new any more.
    """
    if url := environ.get("REDIS_URL"):
        return RedisPlace(url=url, access=None)
    access = _access(home, environ)
    if not access.own:
        return RedisPlace(url=access.url, access=None)
    moved = home.secrets / MOVED
    if moved.exists():
        raise SettingsError(
            f"what {home.root} held was moved, {moved.read_text().strip()}: set REDIS_URL and MLSERVICE_BLOBS_URL, as"
            f' `eval "$(mlservice env --home {home.root})"` does; or delete {moved} to serve what is still here'
        )
    return RedisPlace(url=store_url(sockets, access), access=access)


def flower_place(environ: Mapping[str, str]) -> str:
    """The Redis that `mlservice valkey` is, for the user that Flower is; empty where Flower has no password there.

    Raises SettingsError, which names file and key.
    """
    home, access = Home(Path(environ.get(HOME, DEFAULT_HOME))), redis_access(config_folder(environ) / REDIS_FILE)
    if environ.get("REDIS_URL") or access is None or not (home.secrets / FLOWER_REDIS_PASSWORD).exists():
        return ""
    # It may only be read here: a container of Flower's has the secrets so.
    return access.url_of(FLOWER_USER, home.secret(FLOWER_REDIS_PASSWORD))


def show_users(args: argparse.Namespace) -> int:
    """Print the ACL file for a Redis of the operator's own. Raises SettingsError, which names file and key."""
    home = Home(args.home.resolve())
    home.prepare()
    print(users_acl(_access(home, os.environ), flower_password=home.flower_password()), end="")
    return 0


def _access(home: Home, environ: Mapping[str, str]) -> RedisAccess:
    return redis_access(config_folder(environ) / REDIS_FILE) or home.redis_access()
