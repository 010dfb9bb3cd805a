"""Programs that run only while somebody asks for them: the supervisor listens in their place.

A connection waits in the socket until the program that was started for it takes it, so that nobody is refused; the
socket is the program's standard input, as supervisord does it for FastCGI.
"""

from __future__ import annotations

from typing import Any

from supervisor.states import STOPPED_STATES, SupervisorStates  # type: ignore[import-untyped]


class Bell:
    """One of the things that supervisord's loop waits for: a connection for a program that does not run."""

    def __init__(self, group: Any) -> None:
        # Kept, or supervisord would close the socket when the program ends.
        self._socket = group.socket_manager.get_socket()
        (self._program,) = group.processes.values()
        self._options = group.config.options

    def fileno(self) -> int:
        """The descriptor that is waited for."""
        number: int = self._socket.fileno()
        return number

    def readable(self) -> bool:
        """Whether a connection is waited for."""
        stops = self._options.mood < SupervisorStates.RUNNING
        return self._program.get_state() in STOPPED_STATES and not stops

    def writable(self) -> bool:
        """No."""
        return False

    def handle_read_event(self) -> None:
        """Somebody asks for the program, unless it was started meanwhile."""
        if self.readable():
            self._program.spawn()

    def handle_error(self) -> None:
        """It could not be started."""
        name = self._program.config.name
        self._options.logger.critical("%(name)s could not be started for who asks for it", name=name)
