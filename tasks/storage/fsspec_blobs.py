"""Blobs as files below an fsspec URL, written whole or not at all: in a folder of this machine, or in a bucket."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from fsspec.implementations.local import LocalFileSystem

from tasks.storage.atomic_file import UNFINISHED, write_whole
from tasks.storage.blobs import Kept, checked, digest_of, group_of, name_for
from tasks.storage.fsspec_urls import locate

#: The folders of what is kept for a while, and until it is dropped.
RESULTS, UPLOADS = "results", "uploads"
#: What a blob's name ends with while it is being removed.
_ASIDE: Final = ".old"


class FsspecBlobs:
    """The blobs below one URL. What is put lies in a folder named by the first two digits of its digest."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = locate(url)
        self._local = isinstance(self._fs, LocalFileSystem)

    def put(self, data: bytes) -> str:
        digest = digest_of(data)
        path = self._path(digest)
        if not (self._local and _made_young(Path(path), digest)):
            # In a bucket this is how an object that is there already becomes young.
            self._write(path, data)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return checked(digest, self._fs.cat_file(self._path(digest)))
        except FileNotFoundError:
            return checked(digest, None)

    def keep(self, data: bytes, *, group: str, life_seconds: int | None) -> str:
        folder = UPLOADS if life_seconds is None else RESULTS
        path = f"{self._root}/{folder}/{name_for(group)}"
        self._write(path, data)
        return str(self._fs.unstrip_protocol(path))

    def put_before(self, before: float) -> list[str]:
        try:
            folders = self._fs.ls(self._root, detail=False)
        except FileNotFoundError:
            return []
        put = [folder for folder in folders if _name(folder) not in (RESULTS, UPLOADS)]
        return [_name(path) for folder in put for path in self._older(folder, before)]

    def discard(self, digest: str, *, before: float) -> bool:
        path = self._path(digest)
        if not self._local or path.endswith(_ASIDE):
            # A bucket cannot move an object in one step: what is put again in this very moment is lost.
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

    def kept_before(self, before: float) -> list[Kept]:
        return [
            self._kept(path, is_body=folder == UPLOADS)
            for folder in (RESULTS, UPLOADS)
            for path in self._older(f"{self._root}/{folder}", before)
        ]

    def _kept(self, path: str, *, is_body: bool) -> Kept:
        reference = str(self._fs.unstrip_protocol(path))
        if path.endswith(UNFINISHED):
            # No record names it.
            return Kept(reference, "", is_body=False)
        return Kept(reference, group_of(_name(path)), is_body=is_body)

    def _older(self, folder: str, before: float) -> Iterator[str]:
        return (path for path in self._fs.find(folder) if self._is_older(path, before))

    def _is_older(self, path: str, before: float) -> bool:
        try:
            return bool(self._fs.modified(path).timestamp() < before)
        except FileNotFoundError:
            return False

    def _remove(self, path: str) -> bool:
        try:
            self._fs.rm_file(path)
        except FileNotFoundError:
            return False
        return True

    def _write(self, path: str, data: bytes) -> None:
        if self._local:
            write_whole(Path(path), data)
            return
        self._fs.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120 - a path in any file system
        # autocommit=False: written aside, then put into its place in one step.
        with self._fs.open(path, "wb", autocommit=False) as file:
            file.write(data)
        file.commit()

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


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
