"""The first account of a service, and what a service needs before its processes start by themselves."""

from __future__ import annotations

import argparse
import os
import secrets
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.host.home import FIRST_ACCOUNT, Home
from infra.host.templates import write_private
from tasks.config.home import HOME
from tasks.errors import Unavailable

#: Longest wait for Redis, and the time between two looks (seconds).
REDIS_SECONDS: Final = 60.0
LOOK_SECONDS: Final = 0.5
#: The account that may only look, for Prometheus.
MONITOR: Final = "prometheus"


def setup(args: argparse.Namespace) -> int:
    """Make the secrets that are missing, and the first account if there is none; with `--monitor FILE` also the account
    of Prometheus, whose password is written into that file, if that is missing.

    Raises Unavailable if Redis does not answer within a minute.
    """
    home = Home(args.home.resolve())
    home.prepare()
    environment = {**os.environ, HOME: str(home.root)}
    wait_for_redis()
    if args.monitor:
        _add_monitor(args.monitor, environment)
        return 0
    add_first_account(environment)
    if home.admin_password.exists():
        print(f"the password of {FIRST_ACCOUNT} is in {home.admin_password}")
    return 0


def wait_for_redis() -> None:
    """Return when Redis answers. Raises Unavailable if it does not for REDIS_SECONDS."""
    import redis

    from tasks.config.settings import Settings
    from tasks.storage.connection import connect

    settings = Settings.load()
    until = time.monotonic() + REDIS_SECONDS
    with connect(settings) as client:
        while True:
            try:
                client.ping()
                return
            except redis.RedisError as error:
                if time.monotonic() > until:
                    raise Unavailable(f"Redis, {settings.store.place}, does not answer: {error}") from error
            time.sleep(LOOK_SECONDS)


def _add_monitor(file: Path, environment: Mapping[str, str]) -> None:
    if file.exists():
        return
    password = secrets.token_urlsafe(24)
    _user(("remove", MONITOR), "", environment)
    done = _user(("add", MONITOR, "--scope", "monitor", "--password-stdin"), password, environment)
    if done.returncode:
        raise Unavailable(f"the account {MONITOR} could not be added: {done.stderr.strip()}")
    write_private(file, f"{password}\n")
    # Prometheus is another user; nobody else finds the folder.
    file.chmod(0o644)


def _user(
    arguments: tuple[str, ...], password: str, environment: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-P", "-m", "infra.cli", "user", *arguments]
    return subprocess.run(
        command, input=f"{password}\n", env=dict(environment), capture_output=True, check=False, text=True
    )


def add_first_account(environment: Mapping[str, str], *, code: str = "") -> None:
    """Add `admin` with all scopes if there is no account. Where it is there, the `code` signs it in, once."""
    home = Home(Path(environment["MLSERVICE_HOME"]))
    there = home.admin_password.exists()
    password = home.first_password()
    # In a process of its own: what it has to import would stay in this one's memory for ever.
    command = [sys.executable, "-P", "-m", "infra.cli", "user", "add", FIRST_ACCOUNT, "--first"]
    done = subprocess.run(
        command, input=f"{password}\n{code}\n", env=dict(environment), capture_output=True, check=False, text=True
    )
    if done.returncode:
        raise Unavailable(f"the first account could not be added: {done.stderr.strip()}")
    if not (there or done.stdout):
        # There are accounts, and none has this password.
        home.admin_password.unlink(missing_ok=True)
