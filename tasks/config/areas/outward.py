"""How the service is seen from outside: below which path, and from pages of which other sites."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

from tasks.config.setting import Area, setting
from tasks.config.values import PREFIX
from tasks.errors import SettingsError

#: A root path: names with a slash before each. Nothing that means something in a URL, a pattern or a cookie.
ROOT_PATH: Final = re.compile(r"(/[A-Za-z0-9_][A-Za-z0-9._-]*)+", re.ASCII)
#: What the service's own paths begin with, which no root path may: `/v1` would be taken away from `/v1/models`.
OWN_NAMES: Final = frozenset(
    {
        *("v1", "v2", "resource", "health", "metrics", "openapi.yml", "docs", "console", "flower"),
        *("invocations", "mcp", "internal", "authorize", "large", "preflight"),
        *("problem", "status", "inference", "invocation"),
    }
)
#: What stands for every origin.
ANY_ORIGIN: Final = "*"
#: An origin as browsers send it (RFC 6454, 6.2): no user, no path, all in lower case.
ORIGIN: Final = re.compile(r"https?://([a-z0-9_.-]+|\[[0-9a-f:]+\])(:[1-9][0-9]{0,4})?", re.ASCII)
#: The ports that browsers leave out.
USUAL_PORTS: Final = {"http": 80, "https": 443}


@dataclass(frozen=True, kw_only=True)
class OutwardSettings(Area):
    """How the service is seen from outside."""

    root_path: str = setting(
        "",
        doc="The path below which a proxy in front offers the service, such as `/ml`; empty: it has a host of its own.",
    )
    cors_origins: str = setting(
        "",
        doc="Origins of other sites whose pages may call the API, such as `https://app.example.org`, separated by "
        "commas; `*`: all; empty: none.",
    )

    @property
    def origins(self) -> tuple[str, ...]:
        """The origins whose pages may call the API; ANY_ORIGIN alone for all. Raises SettingsError."""
        found = tuple(dict.fromkeys(filter(None, (part.strip() for part in self.cors_origins.split(",")))))
        if ANY_ORIGIN in found and len(found) > 1:
            raise SettingsError(f"{PREFIX}CORS_ORIGINS must be origins, or {ANY_ORIGIN} alone, not both")
        for origin in found:
            if origin != ANY_ORIGIN:
                _check_origin(origin)
        return found

    def check(self) -> None:
        """Raise SettingsError for a root path or an origin that is none."""
        _check_root_path(self.root_path)
        _ = self.origins


def _check_root_path(path: str) -> None:
    name = f"{PREFIX}ROOT_PATH"
    if not path:
        return
    if not path.startswith("/"):
        raise SettingsError(f"{name} must begin with a slash, as in /ml, not {path!r}")
    if path.endswith("/"):
        raise SettingsError(f"{name} must not end with a slash, and is empty for no path: not {path!r}")
    if ROOT_PATH.fullmatch(path) is None:
        raise SettingsError(f"{name} must be letters, digits, '.', '_' and '-' between slashes, not {path!r}")
    first = path.split("/")[1]
    if first in OWN_NAMES:
        raise SettingsError(f"{name} must not begin with /{first}, which is a path of the service's own: not {path!r}")


def _check_origin(origin: str) -> None:
    name = f"{PREFIX}CORS_ORIGINS"
    if ORIGIN.fullmatch(origin) is None:
        raise SettingsError(
            f"{name} must be origins as browsers send them, https://HOST or https://HOST:PORT in lower case and "
            f"without a path or a slash at the end, not {origin!r}"
        )
    parts = urlsplit(origin)
    try:
        port = parts.port
    except ValueError:
        raise SettingsError(f"{name}: there is no such port as in {origin!r}") from None
    if port == USUAL_PORTS[parts.scheme]:
        raise SettingsError(
            f"{name}: browsers leave the port {port} out of an origin; write {parts.scheme}://{parts.hostname}"
        )
