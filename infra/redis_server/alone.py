"""`mlservice valkey`: the Valkey of the service by itself, for processes on other hosts, as in a container."""

from __future__ import annotations

import argparse
import logging
import os
import signal
import subprocess
import threading
from pathlib import Path
from types import FrameType
from typing import Final

from infra.host.home import Home
from infra.host.launch import allow_files, executable
from infra.host.temporary import empty, outer
from infra.redis_server import syncing
from infra.redis_server.embedded import on_port, write_valkey
from infra.redis_server.repair import mend_end
from tasks.config.home import HOME
from tasks.config.redis_file import REDIS_FILE, redis_access
from tasks.config.settings import Settings, config_folder
from tasks.errors import SettingsError
from tasks.telemetry import logs

log = logging.getLogger(__name__)

#: What its folder of configuration is called.
FOLDER: Final = "mlservice-valkey"
#: What HOST is where the others find it by the name of its container; `localhost` is each container itself.
NAMED: Final = "redis"


def run(args: argparse.Namespace) -> int:
    """Serve until SIGTERM. Its data lie in redis/ of the home. Returns Valkey's exit status.

    Raises SettingsError if the file with its users says that Redis is elsewhere, Conflict if its data are damaged.
    """
    settings = Settings.load()
    logs.setup(settings, "valkey")
    home = Home(args.home.resolve())
    # Where what follows finds the data.
    os.environ[HOME] = str(home.root)
    file = config_folder(os.environ) / REDIS_FILE
    access = redis_access(file)
    if access is None:
        raise SettingsError(f"{file} is missing: copy {REDIS_FILE}.example to it, and change the passwords there")
    if access.host != NAMED:
        raise SettingsError(
            f"{file}, HOST must be {NAMED}, the name by which the other containers find this one, not {access.host!r}"
        )
    for line in mend_end(home.redis):
        log.warning("%s", line)
    folder = outer(os.environ) / FOLDER
    empty(folder)
    write_valkey(home, folder, access, listen=on_port(args.port), settings=settings)
    allow_files()
    return _serve(home.redis, folder / "valkey.conf")


def _serve(data: Path, conf: Path) -> int:
    """Run Valkey, and put on the disk what it writes, for as long as it runs."""
    # Valkey takes `?` and `\\` in a path for a pattern, so it is fed the file.
    with conf.open("rb") as text:
        valkey = subprocess.Popen([executable("valkey"), "-"], stdin=text, cwd=data)

    def stop(number: int, _frame: FrameType | None) -> None:
        valkey.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, stop)
    threading.Thread(target=_sync, args=(valkey,), daemon=True).start()
    return valkey.wait()


def _sync(valkey: subprocess.Popen[bytes]) -> None:
    try:
        syncing.run(argparse.Namespace())
    except BaseException:
        # What is accepted must come to the disk: rather no Valkey than one that nobody syncs.
        log.critical("what Valkey writes cannot be put on the disk any more; it is stopped", exc_info=True)
        valkey.terminate()
        raise
