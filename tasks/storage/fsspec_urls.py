"""What an fsspec URL means: a file system, and a path in it."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any, Final

import fsspec

from tasks.storage.places import OPTIONS

#: What the URL of a file of this machine begins with.
FILE: Final = "file://"


def locate(url: str, options: Mapping[str, Any] = MappingProxyType({})) -> tuple[Any, str]:
    """The file system of a URL with options of its own, such as keys, and the path in it. What an operator's
    configuration of fsspec says of the protocol holds, where the service does not insist.

    All that follows `file://` is the path as it stands: fsspec itself would cut it at `::`, by which it chains URLs.
    """
    if url.startswith(FILE):
        fs = fsspec.filesystem("file")
        return fs, fs._strip_protocol(url)
    protocol = url.partition("://")[0]
    fs, path = fsspec.core.url_to_fs(url, **_told(protocol, options))
    if protocol in OPTIONS:
        # A request is made several times by what makes it, and all of a call by who calls: not by s3fs in between.
        fs.retries = 1
    return fs, path


def is_folder(url: str) -> bool:
    """Whether a URL names a folder of this machine."""
    return fsspec.core.split_protocol(url)[0] in (None, "file", "local")


def _told(protocol: str, options: Mapping[str, Any]) -> dict[str, Any]:
    """What fsspec is told: our options, then the operator's of the configuration, then those of the URL."""
    ours = dict(OPTIONS.get(protocol, {}))
    configured = fsspec.config.conf.get(protocol, {})
    found = {**ours, **{name: configured[name] for name in configured if name in ours}, **options}
    if "config_kwargs" in found:
        found["config_kwargs"] = {**ours.get("config_kwargs", {}), **found["config_kwargs"]}
    return {**found, "use_listings_cache": False} if ours else found
