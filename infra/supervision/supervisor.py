"""The supervisor's process: supervisord, which hears of its children's ends at once, sleeps while nothing happens, and
dies with `mlservice up`."""

from __future__ import annotations

import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Any, Final

from supervisor import loggers, poller, supervisord  # type: ignore[import-untyped]
from supervisor.medusa.asyncore_25 import ExitNow, dispatcher  # type: ignore[import-untyped]
from supervisor.options import ServerOptions  # type: ignore[import-untyped]
from supervisor.states import ProcessStates, SupervisorStates  # type: ignore[import-untyped]

from infra.host.process_tree import die_with
from infra.supervision.on_demand import Bell
from infra.supervision.programs import WARM, programs
from infra.supervision.warm import Warm, load_workers
from tasks.telemetry.logs import event, json_line

#: How often the supervisor looks at its programs while one starts or stops (seconds); supervisord itself: always, 1 s.
LOOK_SECONDS: Final = 0.2
#: The same while none does: of all that happens it hears.
QUIET_SECONDS: Final = 60.0
#: The states of a program in which time alone changes something.
CHANGING: Final = (ProcessStates.STARTING, ProcessStates.BACKOFF, ProcessStates.STOPPING)
#: So many signals are taken note of in one turn.
SIGNALS_AT_ONCE: Final = 256
#: So much a program may say before somebody must have read it (bytes): several buffers of NGINX's access log, which is
#: not held up while supervisord is busy.
PIPE_BYTES: Final = 1024 * 1024
#: The format in which supervisord writes what programs say.
AS_SAID: Final = "%(message)s"
#: What supervisord calls its levels.
LEVELS: Final = {"CRIT": "critical", "ERRO": "error", "WARN": "warning", "DEBG": "debug"}
_handle_file: Final = loggers.handle_file
_say: Final = loggers.Handler.handleError


class PatientPoller(poller.Poller):  # type: ignore[misc]
    """supervisord's poller, which waits as long as nothing is due.

    And not at all the first two times: the first, all is started that begins anew; before the second, what begins
    `warm`.
    """

    #: Whether something is due soon.
    changing: Callable[[], bool]

    def __init__(self, options: Options, warm_up: Callable[[], None]) -> None:
        super().__init__(options)
        self._begin: list[Callable[[], None] | None] = [warm_up, None]

    def poll(self, timeout: float) -> Any:
        """The descriptors that can be read and those that can be written."""
        if self._begin:
            if do := self._begin.pop():
                do()
            return super().poll(0)
        return super().poll(LOOK_SECONDS if self.changing() else QUIET_SECONDS)


class Alarm:
    """Ends a wait when a signal comes, such as the one that says that a child has ended."""

    def __init__(self) -> None:
        self._read, write = os.pipe()
        for end in (self._read, write):
            os.set_blocking(end, False)
        signal.set_wakeup_fd(write, warn_on_full_buffer=False)

    def fileno(self) -> int:
        """The descriptor that is waited for."""
        return self._read

    def readable(self) -> bool:
        """Always waited for."""
        return True

    def writable(self) -> bool:
        """No."""
        return False

    def handle_read_event(self) -> None:
        """A signal came; supervisord has taken note of it."""
        os.read(self._read, SIGNALS_AT_ONCE)

    def handle_error(self) -> None:
        """There was nothing to read."""


class Supervisor(supervisord.Supervisor):  # type: ignore[misc]
    """supervisord's, which waits for signals and for who asks for programs as well."""

    def runforever(self) -> None:
        """Supervise until a signal says otherwise."""
        heard = self.options.get_socket_map()
        alarm = Alarm()
        heard[alarm.fileno()] = alarm
        bells = [Bell(group) for group in self.process_groups.values() if hasattr(group, "socket_manager")]
        heard.update({bell.fileno(): bell for bell in bells})
        self._at_rest = len(heard)
        self.options.poller.changing = self._changing
        super().runforever()

    def _changing(self) -> bool:
        """Whether a program starts or stops, or somebody asks this process."""
        if self.options.mood < SupervisorStates.RUNNING or len(self.options.get_socket_map()) > self._at_rest:
            return True
        programs = (program for group in self.process_groups.values() for program in group.processes.values())
        return any(program.state in CHANGING for program in programs)


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

    def fork(self) -> int:
        """Make a process that will be a program."""
        self.warm.look()
        pid: int = super().fork()
        return pid

    def execve(self, filename: str, argv: Sequence[str], env: Mapping[str, str]) -> None:
        """In a process that was forked: be the program."""
        if self.warm.suits(argv):
            self.warm.become(argv, env)
        super().execve(filename, argv, env)


class Line:
    """A format for supervisord's own log: one line of JSON an event, as all programs write."""

    def __mod__(self, said: dict[str, str]) -> str:
        """The line of what is said."""
        return line(LEVELS.get(said["levelname"], "info"), said["message"])


def line(level: str, message: str) -> str:
    """One line of supervisord's log."""
    return json_line(event(time.time(), level, "supervisord", logger="supervisor", message=message)) + "\n"


def say_of_connection(connection: dispatcher, message: str, type: str = "info") -> None:  # noqa: A002 - the base's name
    """What a connection to supervisord has to say, such as that who asked is gone; the base class prints it bare."""
    sys.stdout.write(line(type if type in ("error", "warning") else "info", message))
    sys.stdout.flush()


def handle_file(logger: loggers.Logger, filename: str, fmt: str, **limits: Any) -> None:
    """As supervisord's own, which writes what programs say as they said it, and its own log in a format."""
    _handle_file(logger, filename, fmt if fmt == AS_SAID else Line(), **limits)


def let_pass(handler: loggers.Handler) -> None:
    """Say what a log could not be written for, if that can be written anywhere: on a full disk nothing can, and
    supervisord would end of it, and all programs with it."""
    with suppress(OSError):
        _say(handler)


def warm_up(service: Supervisor) -> None:
    """Import what workers need, and let those start that are to start at once."""
    service.options.warm.prepare()
    at_once = {
        program.name for program in programs(embedded=True) if program.warm and program.at_once and not program.asked_on
    }
    for group in service.process_groups.values():
        for name, process in group.processes.items():
            if name in at_once:
                process.config.autostart = True


def main(parent: int, config: str) -> None:
    """Run until a signal says otherwise. `parent` is the process of `mlservice up`."""
    die_with(parent)
    loggers.Handler.handleError = let_pass
    loggers.handle_file = handle_file
    dispatcher.log_info = say_of_connection
    options = Options()
    options.realize(["-n", "-c", config])
    options.first, options.test = True, False
    options.warm = Warm(WARM, load=load_workers)
    service = Supervisor(options)
    options.poller = PatientPoller(options, partial(warm_up, service))
    with suppress(ExitNow):
        service.main()
    options.close_httpservers()
    options.close_logger()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
