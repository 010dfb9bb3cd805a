"""A Valkey of one's own that reads what a stopped home holds, for as long as that takes."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Final

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from infra.backup.progress import TELL_SECONDS
from infra.host.home import suits_sockets
from infra.host.launch import executable
from infra.host.process_tree import die_with
from infra.host.temporary import outer, scratch
from infra.redis_server.embedded import SOCKET, quote
from tasks.errors import Unavailable

#: Time between two looks whether it has read all (seconds).
LOOK_SECONDS: Final = 0.05
#: How long it may take for an answer, and to end (seconds).
ANSWER_SECONDS: Final = 60.0
END_SECONDS: Final = 30.0


@contextmanager
def serving(data: Path, *, tell: Callable[[str], None]) -> Iterator[redis.Redis]:
    """A client of a Valkey whose folder is `data`, which nobody else reaches. Raises Unavailable if it cannot read."""
    with scratch(outer(os.environ, suits=suits_sockets)) as place:
        socket, log = place.path / SOCKET, place.path / "log"
        lines = [
            *("port 0", f"unixsocket {quote(socket)}", "unixsocketperm 700", f"dir {quote(data)}"),
            *("appendonly yes", "appendfsync no", "auto-aof-rewrite-percentage 0", 'save ""', 'logfile ""'),
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(
                ["valkey-server", "-"],
                executable=executable("valkey"),
                cwd=data,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=output,
                preexec_fn=partial(die_with, os.getpid()),
            )
        try:
            assert process.stdin is not None, "it is a pipe"
            with process.stdin as config:
                config.write("\n".join(lines).encode())
            # It is asked again by `_wait`, which also sees when it has ended.
            once = Retry(NoBackoff(), 0)
            with redis.Redis(unix_socket_path=str(socket), socket_timeout=ANSWER_SECONDS, retry=once) as client:
                _wait(client, process, log, tell=tell)
                yield client
        finally:
            process.terminate()
            try:
                process.wait(END_SECONDS)
            finally:
                process.kill()
                process.wait()


def _wait(client: redis.Redis, process: subprocess.Popen[bytes], log: Path, *, tell: Callable[[str], None]) -> None:
    told_at = time.monotonic()
    while process.poll() is None:
        try:
            client.ping()
            return
        except redis.exceptions.BusyLoadingError:
            if time.monotonic() - told_at >= TELL_SECONDS:
                tell("Valkey reads what the home holds")
                told_at = time.monotonic()
        except redis.exceptions.ConnectionError:
            pass
        time.sleep(LOOK_SECONDS)
    last = ascii(" / ".join(log.read_text(errors="replace").splitlines()[-3:]))
    raise Unavailable(f"Valkey cannot read what the home holds: `mlservice repair` says more ({last})")
