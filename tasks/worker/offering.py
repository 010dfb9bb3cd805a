"""Workers say which estimators they have when they start."""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import Any, Final

import msgspec
import redis

from tasks.config.settings import Settings
from tasks.registry.offers import Offers
from tasks.storage.connection import connect

log = logging.getLogger(__name__)

#: Of which fleet the workers say it.
FLEET: Final = "train"
#: Longest time to import all of other people's estimators (seconds): before it, the worker takes no work.
IMPORT_SECONDS: Final = 20.0


def offer_when_ready(sender: Any, **_: Any) -> None:
    """A handler of Celery's `worker_ready`: the fleet that makes models says it.

    Not from a thread: a process of the pool that is forked while that imports something waits for ever for the same
    module.
    """
    if sender.app.fleet == FLEET:
        offer(sender.app.settings)


def offer(settings: Settings) -> None:
    """Say which estimators there are, and what each is: first of those that ship, as others may take long. Raises
    nothing: it is for forms, no work depends on it."""
    offers = Offers(connect(settings))
    try:
        ours = of_ours(settings)
        for name, description in ours.items():
            offers.put(name, description)
        offers.replace(ours | of_others(settings))
    except redis.exceptions.RedisError as error:
        log.warning("which estimators there are could not be said: %s", error)


def of_ours(settings: Settings) -> dict[str, bytes]:
    """The description (JSON) of each estimator that ships, by name. They import little, so that they may do it here."""
    from tasks.estimators.catalogue import Catalogue
    from tasks.estimators.describing import describe

    catalogue, theirs = Catalogue({}, threads=1), _paths_of_others(settings)
    return {name: msgspec.json.encode(describe(catalogue, name)) for name in catalogue.names() if name not in theirs}


def of_others(settings: Settings) -> dict[str, bytes]:
    """The same of estimators whose code is not ours, found out in a process of its own."""
    paths = _paths_of_others(settings)
    if not paths:
        return {}
    command = [sys.executable, "-P", "-m", "tasks.worker.describing"]
    try:
        done = subprocess.run(
            command, input=msgspec.json.encode(paths), capture_output=True, check=True, timeout=IMPORT_SECONDS
        )
        found = msgspec.json.decode(done.stdout, type=dict[str, msgspec.Raw])
        return {name: bytes(description) for name, description in found.items()}
    except (subprocess.SubprocessError, msgspec.DecodeError, OSError) as error:
        log.warning("estimators could not be described: %s", error)
        return {name: msgspec.json.encode({"name": name}) for name in paths}


def _paths_of_others(settings: Settings) -> dict[str, str]:
    from tasks.estimators.offered import others

    return others() | settings.estimator_paths
