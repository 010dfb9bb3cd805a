"""What an fsspec URL means: a file system, and a path in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import fsspec

#: What the URL of a file of this machine begins with.
FILE: Final = "file://"


def locate(url: str, options: Mapping[str, Any] = MappingProxyType({})) -> tuple[Any, str]:
    """The file system of a URL with options of its own, such as keys, and the path in it.

    All that follows `file://` is the path as it stands: fsspec itself would cut it at `::`, by which it chains URLs.
    """
    if url.startswith(FILE):
        fs = fsspec.filesystem("file")
        return fs, fs._strip_protocol(url)
    fs, path = fsspec.core.url_to_fs(url, **options)
    return fs, path
