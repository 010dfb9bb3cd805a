"""Whether this process of a pool gives way to a new one before its next work.

One that was refused memory may have left something half done, in libraries that did not expect that.
"""

from __future__ import annotations

from typing import Final


class Renewal:
    """What is known of one process. A new one, which is forked from the worker's main process, knows of nothing."""

    def __init__(self) -> None:
        self.due = False

    def ask(self) -> None:
        """Let this be the last work of this process."""
        self.due = True


#: That of this process.
renewal: Final = Renewal()
