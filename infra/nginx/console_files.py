"""The console: files that NGINX serves, as they lie in this package."""

from __future__ import annotations

from pathlib import Path
from typing import Final

#: The files.
CONSOLE: Final = Path(__file__).parents[1] / "console"
#: What NGINX finds them by, in its own folder.
NAME: Final = "console"


def link_console(folder: Path) -> None:
    """Let NGINX find the files by a plain name in this folder: no quoting protects every path in its configuration."""
    link = folder / NAME
    link.unlink(missing_ok=True)
    link.symlink_to(CONSOLE.resolve(), target_is_directory=True)
