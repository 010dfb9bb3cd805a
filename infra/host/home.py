"""The folder in which one installation keeps everything: secrets, data, logs, sockets."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import stat
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Final

from gateway.identity import keyfile
from infra.host.service import Service
from infra.host.templates import write_private
from infra.host.temporary import SOCKET_NAME, outer, scratch
from tasks.config.home import REMEMBERED, remembered
from tasks.config.redis_file import RedisAccess, redis_access
from tasks.errors import Conflict, SettingsError, Unavailable

#: Bytes that fit in the address of a unix socket, on Linux and macOS.
SOCKET_PATH_BYTES: Final = 103
#: The folder in `run`, and beside the sockets, in which each program has one for its temporary files.
TEMPORARY: Final = "tmp"
#: What leads from a folder of sockets elsewhere to the home's own, by a plain name.
RUN: Final = "run"
#: Bytes of the longest socket name in the folder: of a program's temporary files, or with the process id that
#: supervisord adds while it binds.
SOCKET_NAME_BYTES: Final = max(map(len, (f"/{TEMPORARY}/worker-estimate{SOCKET_NAME}", "/supervisor.sock.4194304")))
#: What gunicorn takes for the beginning of a socket's path, wherever it stands.
GUNICORN_SOCKET: Final = "unix:"
#: What the first account is called.
FIRST_ACCOUNT: Final = "admin"
#: The secret with which NGINX shows Flower that it is NGINX, and that with which Flower enters the embedded Valkey.
FLOWER_HTTP_PASSWORD: Final = "flower-http.password"
FLOWER_REDIS_PASSWORD: Final = "redis-flower.password"
#: The variable that names the file of sources.
SOURCES_FILE: Final = "MLSERVICE_SOURCES_FILE"


@dataclass(frozen=True, kw_only=True)
class Sockets:
    """Where the sockets of a service are."""

    folder: Path
    #: Descriptors that must stay open in some process while the sockets are in use.
    held: tuple[int, ...] = ()


@dataclass(frozen=True)
class Home:
    """One home folder. Only `prepare` and what writes say so change anything."""

    root: Path

    @property
    def secrets(self) -> Path:
        """Files that nobody else may read."""
        return self.root / "secrets"

    @property
    def redis(self) -> Path:
        """The data of the embedded Valkey."""
        return self.root / "redis"

    @property
    def run(self) -> Path:
        """Generated configuration, process ids, sockets."""
        return self.root / "run"

    @property
    def temporary(self) -> Path:
        """Temporary files, a folder a program; empty while no service runs, unless it was killed."""
        return self.run / TEMPORARY

    @property
    def logs(self) -> Path:
        """One log a program."""
        return self.root / "logs"

    @property
    def blobs(self) -> Path:
        """Bytes by content hash."""
        return self.root / "blobs"

    @property
    def code(self) -> Path:
        """Machine code that estimate workers have made of models; there is no such folder before the first."""
        return self.root / "code"

    @property
    def token_keys(self) -> Path:
        """The keys that sign tokens."""
        return self.secrets / "token.keys"

    @property
    def admin_password(self) -> Path:
        """The password that the first account was given; there is no such file if it has another one now."""
        return self.secrets / "admin.password"

    def first_password(self) -> str:
        """The password for the first account, which is made if it is missing."""
        _ensure_secret(self.admin_password, secrets.token_urlsafe(24))
        return self.secret(self.admin_password.name)

    def prepare(self) -> None:
        """Make the folders (0700) and the secrets (0600) that are missing.

        Raises SettingsError for a path that is no text: URLs and records name it.
        """
        if not _is_text(self.root):
            raise SettingsError(f"the path of the home, {os.fsencode(self.root)!r}, is not UTF-8: give another --home")
        for folder in (self.root, self.secrets, self.redis, self.run, self.temporary, self.logs, self.blobs):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        # The root may be a folder that was there before, with a mode that is its owner's affair.
        for folder in (self.secrets, self.redis, self.run, self.logs, self.blobs):
            if stat.S_IMODE(folder.stat().st_mode) != 0o700:
                folder.chmod(0o700)
        _ensure_secret(self.secrets / FLOWER_HTTP_PASSWORD, secrets.token_urlsafe(24))
        keyfile.ensure(self.token_keys, now=time.time())

    def naming_keys(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The variable that names this home's keys of tokens; nothing if the environment gives keys."""
        given = any(environ.get(f"MLSERVICE_TOKEN_{name}") for name in ("KEY", "KEY_FILE", "KEYS_FILE"))
        return {} if given else {"MLSERVICE_TOKEN_KEYS_FILE": str(self.token_keys)}

    def naming_sources(self, environ: Mapping[str, str]) -> dict[str, str]:
        """The variable that names the file of sources, from any folder: this home's own, which need not be there,
        unless the environment names another."""
        return {SOURCES_FILE: str(Path(environ.get(SOURCES_FILE) or self.secrets / "sources.toml").absolute())}

    def secret(self, name: str) -> str:
        """One secret. Raises Unavailable if this home has none of that name, or an empty one."""
        try:
            text = (self.secrets / name).read_text().rstrip("\r\n")
        except FileNotFoundError:
            raise Unavailable(f"{self.root} has no {name}: is it the --home of the service?") from None
        if not text:
            raise Unavailable(f"{self.secrets / name} is empty: delete it and start again")
        return text

    def redis_access(self) -> RedisAccess:
        """Who may enter the embedded Valkey, in this home's own file, which is made if it is missing.

        Raises SettingsError, which names file and key, if it was changed and is wrong now.
        """
        path = self.secrets / "redis.properties"
        passwords = (secrets.token_urlsafe(24), secrets.token_urlsafe(24))
        _ensure_secret(path, RedisAccess(master_password=passwords[0], celery_password=passwords[1]).text())
        access = redis_access(path)
        assert access is not None, "it was made"
        return access

    def flower_password(self) -> str:
        """The password of Flower in the embedded Valkey, which is made if it is missing."""
        _ensure_secret(self.secrets / FLOWER_REDIS_PASSWORD, secrets.token_urlsafe(24))
        return self.secret(FLOWER_REDIS_PASSWORD)

    def remember(self, environment: Mapping[str, str]) -> None:
        """Let the other commands find what `mlservice up` has settled, by variable."""
        write_private(self.root / REMEMBERED, json.dumps(environment))

    def remembered(self) -> dict[str, str]:
        """What the last `mlservice up` has settled; nothing if there was none."""
        return remembered(self.root)

    @contextmanager
    def claim(self) -> Iterator[int]:
        """Hold this home; the descriptor that holds it, also in a child. Raises Conflict if it is held."""
        with (self.run / "lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Conflict(f"a service runs in {self.root} already: stop it, or give another --home") from None
            yield lock.fileno()

    @contextmanager
    def sockets(self, environ: Mapping[str, str]) -> Iterator[Sockets]:
        """A folder (0700) whose path suits sockets: `run`, or one of temporary files. Raises Unavailable."""
        if suits_sockets(self.run):
            yield Sockets(folder=self.run)
            return
        with scratch(outer(environ, suits=suits_sockets)) as found:
            (found.path / TEMPORARY).mkdir(mode=0o700)
            (found.path / RUN).symlink_to(self.run.resolve())
            yield Sockets(folder=found.path, held=(found.descriptor,))

    @contextmanager
    def announced(self, service: Service) -> Iterator[None]:
        """Let the other commands find this service for as long as it runs."""
        path = self.run / "service.json"
        write_private(path, json.dumps(asdict(service)))
        try:
            yield
        finally:
            path.unlink(missing_ok=True)

    def service(self) -> Service:
        """The service that runs here. Raises Unavailable if none does."""
        try:
            service = self._announced()
            with self.claim():
                pass
        except Conflict:
            return service
        except OSError:
            pass
        raise Unavailable(f"no service runs in {self.root}: start it with `mlservice up`, or give its --home")

    def _announced(self) -> Service:
        return Service(**json.loads((self.run / "service.json").read_text()))


def suits_sockets(folder: Path) -> bool:
    """Whether sockets in a folder have addresses that are short enough, and that all programs understand."""
    fits = len(os.fsencode(folder)) + SOCKET_NAME_BYTES <= SOCKET_PATH_BYTES
    return fits and _is_text(folder) and GUNICORN_SOCKET not in str(folder)


def _is_text(path: Path) -> bool:
    try:
        str(path).encode()
    except UnicodeEncodeError:
        return False
    return True


def _ensure_secret(path: Path, text: str) -> None:
    try:
        descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    except FileExistsError:
        path.chmod(0o600)
        return
    with os.fdopen(descriptor, "w") as file:
        file.write(text.rstrip("\n") + "\n")
