"""What the command line uses when nothing is said. Imports nothing, so that every command starts fast."""

from __future__ import annotations

from typing import Final

#: Where it listens.
DEFAULT_HOST: Final = "127.0.0.1"
DEFAULT_PORT: Final = "8080"
#: All addresses of this machine, or container.
ALL_ADDRESSES: Final = "0.0.0.0"
