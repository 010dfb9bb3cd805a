"""The process of one member of a fit. It is told what to do in a folder, and ends when nobody looks any more.

Each line that it writes is an event in JSON: {"port": ...} when it has read its rows, {"step": ...}, {"made": true}
when what it has made lies in the folder, {"failed": [error, words, pointer]}. It reads a line when somebody looks: an
empty one, or the addresses of all members.
"""

from __future__ import annotations

import os
import select
import sys
import threading
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

import msgspec

from tasks.cluster.member import MADE
from tasks.errors import ServiceError
from tasks.estimators.lightgbm_member import fit_member

#: When nobody has looked for so long, the fit is over (seconds): who asked for it has gone.
LEASE_SECONDS: Final = 30.0
#: Bytes that are read at a time.
_PIECE: Final = 65536
#: How the process ends when nobody looks.
FORSAKEN: Final = 3


class Pipes:
    """The link of a member, over standard input and output. What libraries print goes to standard error."""

    def __init__(self) -> None:
        self._out = os.fdopen(os.dup(1), "w")
        os.dup2(2, 1)
        self._addresses: SimpleQueue[str] = SimpleQueue()
        threading.Thread(target=self._watch, daemon=True).start()

    def say(self, **event: Any) -> None:
        """Write an event."""
        self._out.write(msgspec.json.encode(event).decode() + "\n")
        self._out.flush()

    def tell(self, event: Any) -> None:
        """As the protocol says."""
        self.say(step=event)

    def meet(self, port: int) -> str:
        """As the protocol says."""
        self.say(port=port)
        return self._addresses.get()

    def _watch(self) -> None:
        rest = b""
        while select.select([0], [], [], LEASE_SECONDS)[0]:
            piece = os.read(0, _PIECE)
            if not piece:
                break
            *lines, rest = (rest + piece).split(b"\n")
            for line in filter(None, lines):
                self._addresses.put(line.decode())
        # The fit cannot be interrupted where it waits for others.
        os._exit(FORSAKEN)


def main() -> None:
    """Make what the folder says, and wait until the process is ended."""
    folder, pipes = Path(sys.argv[1]), Pipes()
    try:
        made, _held = fit_member(folder, pipes)
    except ServiceError as error:
        pipes.say(failed=[type(error).__name__, str(error), error.pointer])
    else:
        (folder / MADE).write_bytes(made)
        pipes.say(made=True)
    threading.Event().wait()


if __name__ == "__main__":
    main()
