"""Folders for temporary files, of which nothing stays, whatever ends the process that has them.

What libraries write there they remove themselves only if their process ends by itself: multiprocessing's folder, say,
outlives a kill. So each process that serves is given a folder of its own, which is emptied by whoever comes next.
"""

from __future__ import annotations

import atexit
import fcntl
import os
import re
import secrets
import shutil
import signal
import stat
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Final

from tasks.errors import Unavailable

#: What names a folder for temporary files, and where there is one if nothing does; as in the standard library.
VARIABLES: Final = ("TMPDIR", "TEMP", "TMP")
PLACES: Final = ("/tmp", "/var/tmp", "/usr/tmp")
#: What the name of a folder of ours begins with, and random bytes, in hexadecimal, that follow.
PREFIX: Final = "mlservice-"
NAME_BYTES: Final = 6
#: The longest name of a socket in a folder for temporary files: that of multiprocessing's connections.
SOCKET_NAME: Final = "/pymp-12345678/listener-12345678"
#: How long a folder is removed again and again, if processes that end still write to it.
REMOVE_SECONDS: Final = 10.0
_NAME: Final = re.compile(rf"{PREFIX}[0-9a-f]{{{2 * NAME_BYTES}}}")


@dataclass(frozen=True, kw_only=True)
class Scratch:
    """A folder that is kept while a descriptor of it is open, here or in a child."""

    path: Path
    descriptor: int


def outer(environ: Mapping[str, str], *, suits: Callable[[Path], bool] = lambda _: True) -> Path:
    """The folder in which others are made, whose paths must suit. Raises Unavailable if there is none to be written.

    Unlike `tempfile.gettempdir` it writes nothing to find out: of a process that is killed then, that would stay.
    """
    for name in (*filter(None, map(environ.get, VARIABLES)), *PLACES):
        folder = Path(name).absolute()
        # Of a process that replaced itself, which removed nothing.
        folder = folder.parent if _NAME.fullmatch(folder.name) else folder
        if folder.is_dir() and os.access(folder, os.W_OK | os.X_OK) and suits(_name_in(folder, b"." * NAME_BYTES)):
            return folder
    raise Unavailable("there is no folder for temporary files that can be written: set TMPDIR, to a short path")


def settle(environ: Mapping[str, str]) -> None:
    """Give this process, which serves alone, temporary files of its own until it ends; a program of `mlservice up` has
    them already. To be called before libraries are imported: what they do at the end comes before this one's."""
    if "SOCKETS_DIR" in environ:
        return
    for number in (signal.SIGTERM, signal.SIGQUIT):
        # Until the library that serves has handlers of its own.
        signal.signal(number, _exit)
    # Where there is no folder, as in a container that may only read, whoever needs one says so.
    with suppress(Unavailable, OSError), ExitStack() as stack:
        use(stack.enter_context(scratch(outer(environ))).path)
        atexit.register(stack.pop_all().close)


def _exit(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


def use(folder: Path) -> None:
    """Let this process and its children have their temporary files there."""
    os.environ["TMPDIR"] = tempfile.tempdir = str(folder)


@contextmanager
def within(folder: Path) -> Iterator[None]:
    """As `use`, for a while."""
    before = os.environ.get("TMPDIR"), tempfile.tempdir
    use(folder)
    try:
        yield
    finally:
        os.environ.pop("TMPDIR")
        if before[0] is not None:
            os.environ["TMPDIR"] = before[0]
        tempfile.tempdir = before[1]


def empty(folder: Path) -> None:
    """Remove what is in the folder, which is made if it is missing. It may be a link to a folder on another disk."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink():
            shutil.rmtree(entry, ignore_errors=True)
        else:
            entry.unlink(missing_ok=True)


@contextmanager
def emptied(folder: Path) -> Iterator[None]:
    """The folder is empty before and after."""
    empty(folder)
    try:
        yield
    finally:
        empty(folder)


@contextmanager
def scratch(parent: Path) -> Iterator[Scratch]:
    """A new folder (0700) in `parent`, which is gone at the end; others there whose processes were killed, go first."""
    sweep(parent)
    maker = os.getpid()
    path = _name_in(parent, secrets.token_bytes(NAME_BYTES))
    # In a try from before it exists: a KeyboardInterrupt may come between any two steps.
    try:
        with ExitStack() as stack:
            descriptor = _make(path)
            stack.callback(os.close, descriptor)
            yield Scratch(path=path, descriptor=descriptor)
    finally:
        # A child by fork that leaves this block is not the one to remove it.
        if os.getpid() == maker:
            _remove(path)


def _name_in(parent: Path, random: bytes) -> Path:
    return parent / f"{PREFIX}{random.hex()}"


def _remove(path: Path) -> None:
    deadline = time.monotonic() + REMOVE_SECONDS
    while path.exists() and time.monotonic() < deadline:
        shutil.rmtree(path, ignore_errors=True)
        if path.exists():
            time.sleep(0.05)


def _make(path: Path) -> int:
    """Make the folder and hold it. Another process that sweeps may remove it in between; then it is made again."""
    while True:
        path.mkdir(mode=0o700)
        with suppress(FileNotFoundError):
            descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            if path.exists():
                return descriptor
            os.close(descriptor)


def sweep(parent: Path) -> None:
    """Remove the folders of ours in `parent` that nobody holds."""
    for path in parent.glob(f"{PREFIX}*"):
        if _NAME.fullmatch(path.name):
            with suppress(OSError):
                _sweep(path)


def _sweep(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        found = os.fstat(descriptor)
        if found.st_uid == os.geteuid() and stat.S_IMODE(found.st_mode) == 0o700:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(path, ignore_errors=True)
    finally:
        os.close(descriptor)
