"""A service whose counters, events, access log and Flower go off and on while it runs."""

from __future__ import annotations

import os
import re
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from infra.commands.status import program_status
from infra.host.process_tree import processes
from tests.benchmarks.unwatching.sitecustomize import SWITCH, SWITCH_KEY
from tests.servers import eventually
from tests.service import Service

#: What Python imports at the start of each process of such a service.
HOOK: Final = Path(__file__).with_name("unwatching")


class Switch:
    """That of one service."""

    def __init__(self, service: Service, file: Path) -> None:
        self._service = service
        self._file = file
        self._conf = service.home.run / "nginx.conf"

    @contextmanager
    def off(self) -> Iterator[None]:
        """Nothing watches inside."""
        conf = self._conf.read_text()
        with self._service.master() as client:
            self._write(off=True)
            client.set(SWITCH_KEY, "1")
            self._serve(without_access_log(conf))
            try:
                with self._service.halted("flower"):
                    yield
            finally:
                self._write(off=False)
                client.delete(SWITCH_KEY)
                self._serve(conf)

    def _write(self, *, off: bool) -> None:
        # In place: what other processes have mapped is this file.
        with self._file.open("r+b") as file:
            file.write(bytes([off]))

    def _serve(self, conf: str) -> None:
        """Have NGINX read this. When this returns, the process that served before has ended."""
        self._conf.write_text(conf)
        master = program_status(self._service.home.service())["nginx"].pid
        before = _children(master)
        os.kill(master, signal.SIGHUP)
        eventually(lambda: _children(master) - before)
        for pid in before:
            # It would wait for connections that are kept, and its processor time would end in the next turn.
            os.kill(pid, signal.SIGTERM)
        eventually(lambda: not _children(master) & before)


@contextmanager
def switched_service() -> Iterator[tuple[Service, Switch]]:
    """One that is watched, and its switch."""
    with tempfile.NamedTemporaryFile(prefix="ml-switch-") as file:
        file.write(bytes([False]))
        file.flush()
        env = {"PYTHONPATH": str(HOOK), SWITCH: file.name, "MLSERVICE_TRAIN_THREADS": "0"}
        with Service(env=env) as service:
            yield service, Switch(service, Path(file.name))


def without_access_log(conf: str) -> str:
    """This configuration of NGINX, without that."""
    return re.sub(r"access_log /dev/stdout[^;]*;", "access_log off;", conf)


def _children(pid: int) -> set[int]:
    return {process.pid for process in processes() if process.parent == pid}
