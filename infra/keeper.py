"""The supervisor's process: supervisord, which looks at its children more often and dies with `mlservice up`."""

from __future__ import annotations

import sys
from typing import Any, Final

from supervisor import poller, supervisord  # type: ignore[import-untyped]
from supervisor.options import ServerOptions  # type: ignore[import-untyped]

from infra.lineage import die_with

#: Longest time between a child's end and the supervisor's notice of it. supervisord itself takes up to 1 s, twice.
LOOK_SECONDS: Final = 0.2


class QuickPoller(poller.Poller):  # type: ignore[misc]
    """supervisord's poller, which waits no longer than LOOK_SECONDS."""

    def poll(self, timeout: float) -> Any:
        """The descriptors that can be read and those that can be written."""
        return super().poll(min(timeout, LOOK_SECONDS))


def main(parent: int, config: str) -> None:
    """Run until a signal says otherwise. `parent` is the process of `mlservice up`."""
    die_with(parent)
    options = ServerOptions()
    options.realize(["-n", "-c", config])
    options.first, options.test = True, False
    options.poller = QuickPoller(options)
    supervisord.go(options)
    options.close_httpservers()
    options.close_logger()


if __name__ == "__main__":
    main(int(sys.argv[1]), sys.argv[2])
