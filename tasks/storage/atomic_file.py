"""Files of this machine that are written whole or not at all, and are safe from a power cut afterwards."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

#: What the name of a file ends with while it is being written. One that is old was left by a writer that died.
UNFINISHED: Final = ".tmp"


def write_whole(path: Path, data: bytes) -> None:
    """Write a file, and make its folders, if need be. Raises OSError, and then leaves nothing behind."""
    made = _make_folders(path.parent)
    with whole_file(path) as file:
        file.write(data)
    for folder in made:
        sync_folder(folder)


@contextmanager
def whole_file(path: Path, *, mode: int = 0o666) -> Iterator[BinaryIO]:
    """A file to write to, which is at `path` when the block ends, and not before. `mode`: its permissions, less the
    umask. Raises OSError; it and what the block raises leave nothing behind.

    It is written beside its place: from another file system it could not be moved there in one step.
    """
    aside = path.with_name(f"{path.name}.{os.urandom(4).hex()}{UNFINISHED}")
    try:
        with os.fdopen(os.open(aside, os.O_CREAT | os.O_EXCL | os.O_WRONLY, mode), "wb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        aside.replace(path)
    except BaseException:
        with suppress(OSError):
            aside.unlink()
        raise
    sync_folder(path.parent)


def _make_folders(folder: Path) -> list[Path]:
    """Make the folders that are missing. Returns those in which one was made."""
    if folder.is_dir():
        return []
    changed = [*_make_folders(folder.parent), folder.parent]
    folder.mkdir(exist_ok=True)
    return changed


def sync_folder(folder: Path) -> None:
    """Have what the folder's files are called be on the disk, as their contents are."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
