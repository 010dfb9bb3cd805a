"""The supervisor's process: supervisord, which looks at its children more often and dies with `mlservice up`."""

from __future__ import annotations

import sys
from contextlib import suppress
from typing import Any, Final

from supervisor import loggers, poller, supervisord  # type: ignore[import-untyped]
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from infra.lineage import die_with

#: Longest time between a child's end and the supervisor's notice of it. supervisord itself takes up to 1 s, twice.
LOOK_SECONDS: Final = 0.2
_say: Final = loggers.Handler.handleError


class QuickPoller(poller.Poller):  # type: ignore[misc]
    """supervisord's poller, which waits no longer than LOOK_SECONDS."""

    def poll(self, timeout: float) -> Any:
        """The descriptors that can be read and those that can be written."""
        return super().poll(min(timeout, LOOK_SECONDS))


def let_pass(handler: loggers.Handler) -> None:
    """Say what a log could not be written for, if that can be written anywhere: on a full disk nothing can, and
    supervisord would end of it, and all programs with it."""
    with suppress(OSError):
        _say(handler)


def main(parent: int, config: str) -> None:
    """Run until a signal says otherwise. `parent` is the process of `mlservice up`."""
    die_with(parent)
    loggers.Handler.handleError = let_pass
    options = ServerOptions()
    options.realize(["-n", "-c", config])
    options.first, options.test = True, False
    options.poller = QuickPoller(options)
    supervisord.go(options)
    options.close_httpservers()
    options.close_logger()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
