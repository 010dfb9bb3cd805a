"""Having a program begun that runs only while somebody asks for it: who supervises it listens on its socket."""

from __future__ import annotations

import socket
from contextlib import suppress


def ring(path: str) -> None:
    """Ask for the program whose socket this is. It is not waited for; one that runs takes no notice."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as bell, suppress(OSError):
        # So many may have asked that there is no room for more: then it is on its way.
        bell.setblocking(False)
        bell.connect(path)
