"""Where the service of a home keeps what it holds, and quiet there while that is copied."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote, urlsplit

import redis

from infra.backup.holding import held
from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from infra.redis_server.append_only import FOLDER
from infra.redis_server.embedded import SOCKET
from tasks.config.settings import Settings
from tasks.errors import Unavailable
from tasks.storage.connection import connect


@dataclass(frozen=True, kw_only=True)
class Origin:
    """A home and its settings."""

    home: Home
    settings: Settings
    #: Whether its Redis is the embedded Valkey, whose files are in the home.
    own: bool
    #: Whether its service runs here; one on an outside Redis may run elsewhere.
    running: bool

    @contextmanager
    def quiet(self, tell: Callable[[str], None]) -> Iterator[redis.Redis]:
        """While inside, nothing is removed from the blob store, and a home that is not running does not begin to; a
        client of its Redis, which does not answer then.

        Raises Unavailable if it does not answer where it should.
        """
        if self.own and not self.running:
            with self.home.claim(), connect(self.settings) as client:
                yield client
            return
        with redis_of(self.settings) as client, held(client, tell=tell):
            yield client


def find(home: Home, environ: Mapping[str, str]) -> Origin:
    """What is known of the service in this home. Raises Unavailable if none was started in it, SettingsError."""
    settings = settings_of(home, environ)
    return Origin(home=home, settings=settings, own=_own(home, settings), running=_running(home))


def _own(home: Home, settings: Settings) -> bool:
    parts = urlsplit(settings.redis_url)
    is_ours = parts.scheme == "unix" and Path(unquote(parts.path)).name == SOCKET
    return is_ours and (home.redis / FOLDER).is_dir()


def _running(home: Home) -> bool:
    with suppress(Unavailable):
        home.service()
        return True
    return False
