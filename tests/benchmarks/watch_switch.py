"""A service whose counters, events, access log and Flower go off and on while it runs."""

from __future__ import annotations

import os
import signal
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Final

from infra.commands.status import program_status
from tests.benchmarks.load import Target
from tests.benchmarks.subjects import estimate_target
from tests.benchmarks.unwatching.sitecustomize import SWITCH, SWITCH_KEY
from tests.servers import children_of, eventually
from tests.service import Service

#: What Python imports at the start of each process of such a service.
HOOK: Final = Path(__file__).with_name("unwatching")
#: The header of a request by which NGINX, once it heeds it, logs that or not: without a pause, and in one process.
HEADER: Final = "X-Logged"
#: What has NGINX heed it.
HEEDED: Final = "access_log /dev/stdout answered if=$http_x_logged "


class Switch:
    """That of one service, which is watched at first."""

    def __init__(self, service: Service, file: Path) -> None:
        self._service = service
        self._file = file
        self._flower = program_status(service.home.service())["flower"].pid

    def watch(self, *, watched: bool) -> None:
        """Whether counters, events and Flower are on from now on."""
        # In place: what other processes have mapped is this file.
        with self._file.open("r+b") as file:
            file.write(bytes([not watched]))
        with self._service.master() as client:
            if watched:
                client.delete(SWITCH_KEY)
            else:
                client.set(SWITCH_KEY, "1")
        os.killpg(self._flower, signal.SIGCONT if watched else signal.SIGSTOP)

    def target(self, *, watched: bool) -> Target:
        """The request that is logged while it is watched, and not while it is not."""
        target = estimate_target(self._service)
        return replace(target, headers={**target.headers, HEADER: str(int(watched))})


@contextmanager
def switched_service() -> Iterator[tuple[Service, Switch]]:
    """One that is watched, Flower too, and its switch."""
    with tempfile.NamedTemporaryFile(prefix="ml-switch-") as file:
        file.write(bytes([False]))
        file.flush()
        env = {"PYTHONPATH": str(HOOK), SWITCH: file.name, "MLSERVICE_TRAIN_THREADS": "0"}
        with Service(env=env) as service:
            service.wait_for_flower()
            _log_by_header(service)
            switch = Switch(service, Path(file.name))
            try:
                yield service, switch
            finally:
                switch.watch(watched=True)


def logged_by_header(conf: str) -> str:
    """This configuration of NGINX, where the header of a request says whether it is logged."""
    return conf.replace("access_log /dev/stdout answered ", HEEDED)


def _log_by_header(service: Service) -> None:
    conf = service.home.run / "nginx.conf"
    conf.write_text(logged_by_header(conf.read_text()))
    nginx = program_status(service.home.service())["nginx"].pid
    before = children_of(nginx)
    os.kill(nginx, signal.SIGHUP)
    eventually(lambda: children_of(nginx) - before, what="NGINX with its new configuration")
    for pid in before:
        # It would wait for connections that are kept.
        os.kill(pid, signal.SIGTERM)
    eventually(lambda: not children_of(nginx) & before, what="the end of NGINX with its old configuration")


def log_bytes(service: Service) -> int:
    """How long NGINX's log is."""
    return sum(log.stat().st_size for log in service.home.logs.glob("nginx.log*"))
