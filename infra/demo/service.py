"""A service that exists for a while: `mlservice up` in a temporary home, of which nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import FrameType
from typing import Any, Final

import redis

from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from infra.host.temporary import Scratch, outer, scratch, within
from tasks.config.settings import CONFIG, Settings
from tasks.errors import Conflict, Unavailable
from tasks.storage.connection import connect

#: `mlservice up`, ended with the process whose id is the first argument, however that ends. Then nobody else would
#: remove the folder, which is the second. Signals are held back while it is started, as `throwaway` does.
UP: Final = """
import shutil, signal, sys
from infra.host.process_tree import die_with
try:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.pthread_sigmask(signal.SIG_SETMASK, ())
    die_with(int(sys.argv[1]))
    from infra.cli import main
    sys.exit(main(sys.argv[3:]))
finally:
    shutil.rmtree(sys.argv[2], ignore_errors=True)
"""
#: Longest wait for a clean stop; `mlservice up` itself takes at most 20 s.
STOP_SECONDS: Final = 30.0
STOP_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@dataclass(frozen=True, kw_only=True)
class Running:
    """A service that runs."""

    url: str
    home: Home

    @property
    def password(self) -> str:
        """The password of the account `admin`, here and in Flower."""
        return self.home.secret("admin.password")

    @property
    def broker_url(self) -> str:
        """The service's Redis, as Celery reads it."""
        return settings_of(self.home, os.environ).broker.shown_url


@contextmanager
def throwaway() -> Iterator[Running]:
    """A service on a free port of 127.0.0.1, with the Redis of REDIS_URL or one of its own.

    On exit its processes, its home and what it wrote to Redis are gone; so they are after SIGINT, SIGTERM and SIGHUP,
    which raise KeyboardInterrupt once and are not heard again. Raises Unavailable if the service does not come up,
    Conflict if the database of REDIS_URL is not empty.
    """
    outside = Settings.load() if "REDIS_URL" in os.environ else None
    if outside is not None:
        _check_empty(outside)
    with _interruptible(), scratch(outer(os.environ)) as folder, within(folder.path):
        process: subprocess.Popen[str] | None = None
        try:
            try:
                with _undisturbed():
                    process = _start(folder)
                yield _wait(process, Home(folder.path / "home"))
            finally:
                _ignore_signals()
        finally:
            # In a block of its own: a signal that comes before they are ignored ends the one above.
            if process is not None:
                _stop(process)
            if outside is not None:
                _empty(outside)


def _start(folder: Scratch) -> subprocess.Popen[str]:
    up = ("up", f"--home={folder.path / 'home'}", "--host=127.0.0.1", "--port=0")
    # Its own session: Ctrl-C reaches this process only, which then stops the service in order.
    return subprocess.Popen(
        [sys.executable, "-P", "-c", UP, str(os.getpid()), str(folder.path), *up],
        env=_environment(os.environ),
        # Not where files of configuration may lie, which could name the Redis of another service.
        cwd=folder.path,
        pass_fds=[folder.descriptor],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    )


def _environment(environ: Mapping[str, str]) -> dict[str, str]:
    """As it is, but blobs go to the temporary home, to be removed with it, and no files of configuration are read."""
    return {name: value for name, value in environ.items() if name not in ("MLSERVICE_BLOBS_URL", CONFIG)}


def _wait(process: subprocess.Popen[str], home: Home) -> Running:
    assert process.stdout is not None
    # The first line is the greeting; it comes when the service is ready.
    if not process.stdout.readline():
        _, reason = process.communicate()
        raise Unavailable(reason.strip().removeprefix("mlservice: ") or "the service did not start")
    return Running(url=home.service().url, home=home)


def _stop(process: subprocess.Popen[str]) -> None:
    process.terminate()
    try:
        process.communicate(timeout=STOP_SECONDS)
    except subprocess.TimeoutExpired:
        # Its supervisor hears of its end and stops the rest.
        process.kill()
        process.communicate()


def _check_empty(settings: Settings) -> None:
    # The demonstration's workers would take other services' work, and it removes all that it finds at its end.
    with redis_of(settings) as client:
        if client.dbsize():
            raise Conflict(
                "the demonstration needs an empty database, and that of REDIS_URL is not: name another one, such as"
                " .../9, or unset REDIS_URL"
            )


def _empty(settings: Settings) -> None:
    client = connect(settings)
    try:
        keys: list[Any] = list(client.scan_iter(count=1000))
        if keys:
            client.unlink(*keys)
    except redis.exceptions.RedisError as error:
        raise Unavailable(f"what the demonstration wrote to Redis could not be removed: {error}") from error
    finally:
        client.close()


@contextmanager
def _interruptible() -> Iterator[None]:
    before = {number: signal.getsignal(number) for number in STOP_SIGNALS}
    for number in STOP_SIGNALS:
        # nohup has SIGHUP ignored, and means it.
        if number is not signal.SIGHUP or before[number] is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _undisturbed() -> Iterator[None]:
    """Signals come afterwards: nobody would know of a process that was started a moment before."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, STOP_SIGNALS)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _interrupt(number: int, frame: FrameType | None) -> None:
    _ignore_signals()
    raise KeyboardInterrupt


def _ignore_signals() -> None:
    for number in STOP_SIGNALS:
        signal.signal(number, signal.SIG_IGN)
