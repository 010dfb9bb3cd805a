"""A PostgreSQL of a test's own."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self
from urllib.parse import quote

from adbc_driver_postgresql import dbapi

from tests.needed import lacking
from tests.servers import Process, eventually

#: Where Debian keeps what is in no PATH.
BINARIES: Final = Path("/usr/lib/postgresql")
#: Who may read what a test grants, by a password.
READER: Final = "reader"
PASSWORD: Final = "s3cret-Pw"
#: Who PostgreSQL runs as where we are root, which it refuses.
ACCOUNTS: Final = ("postgres", "nobody")
#: Faster, as nothing need survive; no port, so that none is in anybody's way.
OPTIONS: Final = {"fsync": "off", "listen_addresses": "", "shared_buffers": "16MB", "max_connections": "10"}


def binary(name: str) -> Path:
    """One of PostgreSQL's programs, of the newest version that is there."""
    found = [Path(where)] if (where := shutil.which(name)) else sorted(BINARIES.glob(f"*/bin/{name}"))
    return found[-1] if found else lacking(f"{name} is not installed: apt-get install postgresql")


class PostgreSQL(Process):
    """A cluster of its own in a short temporary folder, on a unix socket. `postgres` enters without a password,
    `reader` with one."""

    def __init__(self) -> None:
        server = binary("postgres")
        self.folder = Path(tempfile.mkdtemp(prefix="pg-"))
        self._prefix = self._unprivileged()
        options = [part for name, value in OPTIONS.items() for part in ("-c", f"{name}={value}")]
        where: list[str | Path] = ["-D", self.folder / "data", "-c", f"unix_socket_directories={self.folder}"]
        command: list[str | Path] = [*self._prefix, server, *where, *options]
        super().__init__(command, output=self.folder / "log", cwd=self.folder, grace_seconds=5)

    def url(self, user: str = "postgres", password: str = "", database: str = "postgres") -> str:
        """What a source's `url` is set to."""
        login = f"&password={quote(password, safe='')}" if password else ""
        return f"postgresql:///{database}?host={quote(str(self.folder), safe='')}&user={user}{login}"

    @property
    def reader(self) -> str:
        """The URL of who may read what was granted."""
        return self.url(READER, PASSWORD)

    def run(self, *statements: str) -> None:
        """Run statements as the cluster's owner."""
        with closing(self.connect()) as connection, closing(connection.cursor()) as cursor:
            for statement in statements:
                cursor.execute(statement)

    def connect(self) -> Any:
        """A new connection of the cluster's owner, each of whose statements is a transaction; the caller closes it."""
        return dbapi.connect(self.url(), autocommit=True)

    def __enter__(self) -> Self:
        initdb: list[str | Path] = [
            *self._prefix,
            binary("initdb"),
            "-D",
            self.folder / "data",
            "-U",
            "postgres",
            "--no-sync",
        ]
        made = subprocess.run([*initdb, "-E", "UTF8", "--locale=C"], capture_output=True, text=True, cwd=self.folder)
        assert made.returncode == 0, made.stderr
        (self.folder / "data/pg_hba.conf").write_text("local all postgres trust\nlocal all all scram-sha-256\n")
        return super().__enter__()

    def begun(self) -> None:
        """Wait for an answer, and make the role that reads."""
        eventually(self._answers, what="PostgreSQL")
        self.run(f"CREATE ROLE {READER} LOGIN PASSWORD '{PASSWORD}'")

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        super().__exit__(kind, error, trace)
        shutil.rmtree(self.folder)

    def _answers(self) -> bool:
        try:
            self.connect().close()
        except dbapi.Error:
            assert self.popen.poll() is None, self.output
            return False
        return True

    def _unprivileged(self) -> Sequence[str]:
        if os.geteuid() != 0:
            return []
        accounts = {one.pw_name: one for one in pwd.getpwall()}
        account = next(accounts[name] for name in ACCOUNTS if name in accounts)
        os.chown(self.folder, account.pw_uid, account.pw_gid)
        return ["setpriv", f"--reuid={account.pw_uid}", f"--regid={account.pw_gid}", "--clear-groups"]
