"""Workers say which estimators they have when they start."""

from __future__ import annotations

import logging
import subprocess
import sys
import threading
from typing import Any, Final

import msgspec
import redis

from tasks.config.settings import Settings
from tasks.registry.offers import Offers
from tasks.storage.connection import connect

log = logging.getLogger(__name__)

#: Of which fleet the workers say it.
FLEET: Final = "train"
#: Longest time to import all of other people's estimators (seconds).
IMPORT_SECONDS: Final = 60.0


def offer_when_ready(sender: Any, **_: Any) -> None:
    """A handler of Celery's `worker_ready`: the fleet that makes models says it.

    From a thread, as the import of others' code may take long, and no work waits for it.
    """
    if sender.app.fleet == FLEET:
        threading.Thread(target=offer, args=(sender.app.settings,), name="offering", daemon=True).start()


def offer(settings: Settings) -> None:
    """Say which estimators there are, and what each is. Raises nothing: it is for forms, no work depends on it."""
    try:
        Offers(connect(settings)).replace(descriptions(settings))
    except redis.exceptions.RedisError as error:
        log.warning("which estimators there are could not be said: %s", error)


def descriptions(settings: Settings) -> dict[str, bytes]:
    """The description of each estimator (JSON), by name. Only those that ship are imported into this process."""
    from tasks.estimators.catalogue import Catalogue
    from tasks.estimators.describing import describe
    from tasks.estimators.offered import others

    catalogue = Catalogue(settings.estimator_paths, threads=1)
    theirs = others() | settings.estimator_paths
    ours = {name: msgspec.json.encode(describe(catalogue, name)) for name in catalogue.names() if name not in theirs}
    return ours | _of_others(theirs)


def _of_others(paths: dict[str, str]) -> dict[str, bytes]:
    """The same of estimators whose code is not ours."""
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
