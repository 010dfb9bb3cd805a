"""The tokens of services elsewhere, which `mlservice login` keeps in a file that its owner alone may read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from infra.host.templates import write_private
from tasks.errors import SettingsError, Unauthenticated

#: The folder of what programs keep for their user (XDG Base Directory Specification), and where it is by default.
CONFIG_HOME: Final = "XDG_CONFIG_HOME"
DEFAULT_CONFIG_HOME: Final = "~/.config"
FILE: Final = Path("mlservice") / "tokens.json"


class Tokens:
    """A token for each service, by its URL."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.file = Path(environ.get(CONFIG_HOME) or DEFAULT_CONFIG_HOME).expanduser() / FILE

    def token(self, url: str) -> str:
        """That of the service at this URL. Raises Unauthenticated if there is none."""
        found = self._read().get(_named(url), "")
        if not found:
            raise Unauthenticated(f"nobody has signed in to {url}")
        return found

    def keep(self, url: str, token: str) -> None:
        """Keep it, in place of an earlier one."""
        self._write({**self._read(), _named(url): token})

    def forget(self, url: str) -> None:
        """Forget it. Raises Unauthenticated if there is none."""
        self.token(url)
        self._write({name: token for name, token in self._read().items() if name != _named(url)})

    def _read(self) -> dict[str, str]:
        try:
            if self.file.stat().st_mode & 0o077:
                raise SettingsError(f"others may read {self.file}, which holds tokens: chmod 600 {self.file}")
            found = json.loads(self.file.read_bytes())
        except FileNotFoundError:
            return {}
        except ValueError:
            raise SettingsError(f"{self.file} is not what `mlservice login` writes: remove it") from None
        return {str(name): str(token) for name, token in found.items()} if isinstance(found, dict) else {}

    def _write(self, tokens: Mapping[str, str]) -> None:
        self.file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        write_private(self.file, json.dumps(tokens))


def _named(url: str) -> str:
    return url.rstrip("/")
