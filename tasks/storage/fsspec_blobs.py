"""Blobs as files below an fsspec URL: what all places have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

from tasks.storage.blobs import Kept, checked, digest_of, group_of, name_for
from tasks.storage.fsspec_urls import locate

T = TypeVar("T")

#: The folders of what is kept for a while, and until it is dropped.
RESULTS, UPLOADS = "results", "uploads"
#: What a listing may call the time at which a file was written last: s3fs, local files, other places.
_TIMES = ("LastModified", "mtime", "last_modified", "created")


class FsspecBlobs(ABC):
    """The blobs below one URL. What is put lies in a folder named by the first two digits of its digest."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = locate(url)

    @abstractmethod
    def _write(self, path: str, data: bytes) -> None:
        """Write a file whole or not at all."""

    @abstractmethod
    def _put(self, digest: str, data: bytes) -> None:
        """Write what is put, or make it young."""

    @abstractmethod
    def discard(self, digest: str, *, before: float) -> bool:
        """As the contract says."""

    def _ask(self, call: Callable[..., T], *args: Any, **options: Any) -> T:
        """Ask the file system."""
        return call(*args, **options)

    def put(self, data: bytes) -> str:
        digest = digest_of(data)
        self._put(digest, data)
        return digest

    def get(self, digest: str) -> bytes:
        try:
            return checked(digest, self._ask(self._fs.cat_file, self._path(digest)))
        except FileNotFoundError:
            return checked(digest, None)

    def keep(self, data: bytes, *, group: str, life_seconds: int | None) -> str:
        folder = UPLOADS if life_seconds is None else RESULTS
        path = f"{self._root}/{folder}/{name_for(group)}"
        self._write(path, data)
        return str(self._fs.unstrip_protocol(path))

    @property
    def prefix(self) -> str:
        """What a reference to a file here begins with, before a `/` and the file's name."""
        return str(self._fs.unstrip_protocol(self._root))

    def files(self) -> Iterator[tuple[str, int]]:
        """The names of all files that are whole and in their places, below the URL, and their sizes (bytes)."""
        for path, info in sorted(self._ask(self._fs.find, self._root, detail=True).items()):
            # What has a dot is being written, or removed.
            if "." not in (name := path[len(self._root) :].lstrip("/")):
                yield name, int(info["size"])

    def read_file(self, name: str) -> bytes:
        """The bytes of a file by its name. Raises FileNotFoundError."""
        return bytes(self._ask(self._fs.cat_file, f"{self._root}/{name}"))

    def write_file(self, name: str, data: bytes) -> None:
        """Make a file of this name, whole or not at all."""
        self._write(f"{self._root}/{name}", data)

    def put_before(self, before: float) -> list[str]:
        try:
            folders = self._ask(self._fs.ls, self._root, detail=False)
        except FileNotFoundError:
            return []
        put = [folder for folder in folders if _name(folder) not in (RESULTS, UPLOADS)]
        return [_name(path) for folder in put for path in self._older(folder, before)]

    def kept_before(self, before: float) -> list[Kept]:
        return [
            self._kept(path, is_body=folder == UPLOADS)
            for folder in (RESULTS, UPLOADS)
            for path in self._older(f"{self._root}/{folder}", before)
        ]

    def _kept(self, path: str, *, is_body: bool) -> Kept:
        return Kept(str(self._fs.unstrip_protocol(path)), group_of(_name(path)), is_body=is_body)

    def _older(self, folder: str, before: float) -> Iterator[str]:
        found = self._ask(self._fs.find, folder, detail=True)
        return (path for path, info in found.items() if _written_at(info) < before)

    def _is_older(self, path: str, before: float) -> bool:
        try:
            return _written_at(self._ask(self._fs.info, path)) < before
        except FileNotFoundError:
            return False

    def _remove(self, path: str) -> bool:
        try:
            self._ask(self._fs.rm_file, path)
        except FileNotFoundError:
            return False
        return True

    def _path(self, digest: str) -> str:
        return f"{self._root}/{digest[:2]}/{digest}"


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _written_at(info: dict[str, Any]) -> float:
    """When a file was written last (seconds since the epoch), by what a listing says of it."""
    found = next(info[name] for name in _TIMES if info.get(name) is not None)
    return float(found if isinstance(found, int | float) else found.timestamp())
