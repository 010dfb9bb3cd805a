"""What an fsspec URL means: a file system, and a path in it."""

from __future__ import annotations

from typing import Any, Final

import fsspec

#: What the URL of a file of this machine begins with.
FILE: Final = "file://"


def locate(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the path in it.

    All that follows `file://` is the path as it stands: fsspec itself would cut it at `::`, by which it chains URLs.
    """
    if url.startswith(FILE):
        fs = fsspec.filesystem("file")
        return fs, fs._strip_protocol(url)
    fs, path = fsspec.core.url_to_fs(url)
    return fs, path
