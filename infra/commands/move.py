"""`mlservice move`: from a home on one machine to a Redis and a blob store that many machines share."""

from __future__ import annotations

import argparse
import os
import time
from dataclasses import replace
from typing import Final

from infra.backup.moving import check_stores, move
from infra.backup.origin import find
from infra.backup.progress import say
from infra.host.home import Home
from infra.host.templates import write_private
from infra.redis_server.place import MOVED
from tasks.config.areas.redis import redis_variables
from tasks.config.settings import Settings
from tasks.errors import Conflict, SettingsError
from tasks.storage.connection import answering, connect

#: What says where it goes.
PLACES: Final = ("REDIS_URL", "MLSERVICE_BLOBS_URL")
#: Longest wait for the other Redis to answer (seconds): a page of keys may be large.
ANSWER_SECONDS: Final = 60.0


def run(args: argparse.Namespace) -> int:
    """Move what a home holds, and say how to serve it there.

    Raises SettingsError if it is not said where to, Conflict if the home's service runs or that Redis holds one.
    """
    home = Home(args.home.resolve())
    origin = find(home, {name: value for name, value in os.environ.items() if name not in PLACES})
    if not origin.own:
        raise Conflict(f"{home.root} has no data of an embedded Valkey: it is on a Redis outside already")
    if "REDIS_URL" not in os.environ:
        raise SettingsError(
            "set REDIS_URL to the Redis, and MLSERVICE_BLOBS_URL to the blob store, to which it is to go"
        )
    target = Settings.load({"MLSERVICE_BLOBS_URL": origin.settings.blobs_url, **os.environ})
    check_stores(origin.settings.blobs_url, target.blobs_url)
    with answering(), connect(replace(target, redis_timeout_seconds=ANSWER_SECONDS)) as client:
        count = move(origin, target, tell=say, client=client)
    settled = dict(zip(PLACES, (target.redis_url, target.blobs_url), strict=True)) | redis_variables(os.environ)
    home.remember({**home.remembered(), **settled})
    place = target.store.place
    at = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    write_private(home.secrets / MOVED, f"to {place} at {at}\n")
    print(f"{count:,} keys are in the Redis at {place}, and blobs at {target.blobs_url}; what is in {home.root} stays")
    print(f'To serve them: eval "$(mlservice env --home {home.root})" && mlservice up --home {home.root}')
    print(f"Gateways elsewhere need the keys of its tokens, {home.token_keys}, and each process these two settings.")
    return 0
