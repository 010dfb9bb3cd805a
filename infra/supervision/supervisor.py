"""The supervisor's process: supervisord, which looks at its children more often and dies with `mlservice up`."""

from __future__ import annotations

import fcntl
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from supervisor import loggers, poller, supervisord  # type: ignore[import-untyped]
from supervisor.medusa.asyncore_25 import ExitNow  # type: ignore[import-untyped]
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from infra.host.process_tree import die_with
from infra.supervision.programs import WARM, programs
from infra.supervision.warm import Warm, load_workers
from tasks.telemetry.logs import event, json_line

#: Longest time between a child's end and the supervisor's notice of it. supervisord itself takes up to 1 s, twice.
LOOK_SECONDS: Final = 0.2
#: So much a program may say before somebody must have read it (bytes): several buffers of NGINX's access log, which is
#: not held up while supervisord is busy.
PIPE_BYTES: Final = 1024 * 1024
#: The format in which supervisord writes what programs say.
AS_SAID: Final = "%(message)s"
#: What supervisord calls its levels.
LEVELS: Final = {"CRIT": "critical", "ERRO": "error", "WARN": "warning", "DEBG": "debug"}
_handle_file: Final = loggers.handle_file
_say: Final = loggers.Handler.handleError


class QuickPoller(poller.Poller):  # type: ignore[misc]
    """supervisord's poller, which waits no longer than LOOK_SECONDS.

    And not at all the first two times: the first, all is started that begins anew; before the second, what begins
    `warm`.
    """

    def __init__(self, options: Options, warm_up: Callable[[], None]) -> None:
        super().__init__(options)
        self._begin: list[Callable[[], None] | None] = [warm_up, None]

    def poll(self, timeout: float) -> Any:
        """The descriptors that can be read and those that can be written."""
        if self._begin:
            if do := self._begin.pop():
                do()
            timeout = 0
        return super().poll(min(timeout, LOOK_SECONDS))


class Options(ServerOptions):  # type: ignore[misc]
    """supervisord's options, with more room for what programs say, and with programs that are forked `warm`."""

    warm: Warm

    def make_pipes(self, stderr: bool = True) -> dict[str, Any]:
        """The pipes of a new program."""
        pipes: dict[str, Any] = super().make_pipes(stderr)
        # The machine may not allow it; a program then waits sooner.
        with suppress(OSError):
            fcntl.fcntl(pipes["stdout"], fcntl.F_SETPIPE_SZ, PIPE_BYTES)
        return pipes

    def execve(self, filename: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """In a process that was forked: be the program."""
        if self.warm.suits(argv):
            self.warm.become(argv, env)
        super().execve(filename, argv, env)


class Line:
    """A format for supervisord's own log: one line of JSON an event, as all programs write."""

    def __mod__(self, said: dict[str, str]) -> str:
        """The line of what is said."""
        level = LEVELS.get(said["levelname"], "info")
        return json_line(event(time.time(), level, "supervisord", logger="supervisor", message=said["message"])) + "\n"


def handle_file(logger: loggers.Logger, filename: str, fmt: str, **limits: Any) -> None:
    """As supervisord's own, which writes what programs say as they said it, and its own log in a format."""
    _handle_file(logger, filename, fmt if fmt == AS_SAID else Line(), **limits)


def let_pass(handler: loggers.Handler) -> None:
    """Say what a log could not be written for, if that can be written anywhere: on a full disk nothing can, and
    supervisord would end of it, and all programs with it."""
    with suppress(OSError):
        _say(handler)


def warm_up(service: supervisord.Supervisor) -> None:
    """Import what workers need, and let those start that are to start at once."""
    service.options.warm.prepare()
    at_once = {program.name for program in programs(embedded=True) if program.warm and program.at_once}
    for group in service.process_groups.values():
        for name, process in group.processes.items():
            if name in at_once:
                process.config.autostart = True


def main(parent: int, config: str) -> None:
    """Run until a signal says otherwise. `parent` is the process of `mlservice up`."""
    die_with(parent)
    loggers.Handler.handleError = let_pass
    loggers.handle_file = handle_file
    options = Options()
    options.realize(["-n", "-c", config])
    options.first, options.test = True, False
    options.warm = Warm(WARM, load=load_workers)
    service = supervisord.Supervisor(options)
    options.poller = QuickPoller(options, partial(warm_up, service))
    with suppress(ExitNow):
        service.main()
    options.close_httpservers()
    options.close_logger()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
