"""Blobs as files in a folder of this machine."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Final

from tasks.storage.atomic_file import UNFINISHED, write_whole
from tasks.storage.blobs import Kept
from tasks.storage.fsspec_blobs import FsspecBlobs

#: What a blob's name ends with while it is being removed.
_ASIDE: Final = ".old"


class FolderBlobs(FsspecBlobs):
    """The blobs below one folder. Its errors are OSErrors."""

    def _write(self, path: str, data: bytes) -> None:
        write_whole(Path(path), data)

    def _put(self, digest: str, data: bytes) -> None:
        path = self._path(digest)
        if not _made_young(Path(path), digest):
            self._write(path, data)

    def discard(self, digest: str, *, before: float) -> bool:
        path = self._path(digest)
        if path.endswith(_ASIDE):
            return self._is_older(path, before) and self._remove(path)
        # Set aside first: then nobody can make it young unseen between the look and the removal.
        aside = f"{path}.{os.urandom(4).hex()}{_ASIDE}"
        try:
            os.replace(path, aside)  # noqa: PTH105 - the paths of fsspec are texts
        except FileNotFoundError:
            return False
        if self._is_older(aside, before):
            return self._remove(aside)
        os.replace(aside, path)  # noqa: PTH105
        return False

    def _kept(self, path: str, *, is_body: bool) -> Kept:
        if path.endswith(UNFINISHED):
            # No record names it.
            return Kept(str(self._fs.unstrip_protocol(path)), "", is_body=False)
        return super()._kept(path, is_body=is_body)


def _made_young(path: Path, digest: str) -> bool:
    """Make a file young; False if there is none, or one with other bytes than its name says."""
    try:
        with path.open("rb") as file:
            if hashlib.file_digest(file, "sha256").hexdigest() != digest:
                return False
            os.utime(file.fileno())
            # Only what is young in its place is safe: one that was set aside may have been seen while it was old.
            return os.path.samestat(os.fstat(file.fileno()), path.stat())
    except FileNotFoundError:
        return False
