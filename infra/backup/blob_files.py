"""The files of a blob store below a URL, as they lie there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from tasks.storage.atomic_file import write_whole
from tasks.storage.fsspec_urls import FILE, locate

#: The store that has no files: its bytes are in Redis.
IN_REDIS: Final = "redis"


@dataclass(frozen=True, kw_only=True)
class BlobFile:
    """One file of a store."""

    #: Below the URL, as `ab/abcd...` or `uploads/...`.
    name: str
    #: In bytes.
    size: int


class BlobFiles:
    """The files below one URL."""

    def __init__(self, url: str) -> None:
        self._fs, self._root = locate(url)
        self._local = url.startswith(FILE)
        #: What a reference to such a file begins with.
        self.prefix = str(self._fs.unstrip_protocol(self._root))

    def all(self) -> Iterator[BlobFile]:
        """The files that are whole and in their places."""
        found: dict[str, Any] = self._fs.find(self._root, detail=True)
        for path, info in sorted(found.items()):
            name = path[len(self._root) :].lstrip("/")
            # Names of ours have no dot; what has one is being written, or removed.
            if "." not in name:
                yield BlobFile(name=name, size=int(info["size"]))

    def open(self, file: BlobFile) -> BinaryIO:
        """A file, to be read. Raises FileNotFoundError."""
        opened: BinaryIO = self._fs.open(f"{self._root}/{file.name}", "rb")
        return opened

    def write(self, name: str, data: bytes) -> None:
        """Make a file, whole or not at all. Raises OSError."""
        path = f"{self._root}/{name}"
        if self._local:
            write_whole(Path(path), data)
            return
        self._fs.makedirs(os.path.dirname(path), exist_ok=True)  # noqa: PTH120 - a path in any file system
        with self._fs.open(path, "wb") as file:
            file.write(data)
