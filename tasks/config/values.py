"""What the text of a setting is read as."""

from __future__ import annotations

import re
from ipaddress import ip_network
from typing import Final
from urllib.parse import urlsplit

from tasks.errors import SettingsError

#: What the name of a setting in the environment begins with, but for REDIS_URL.
PREFIX: Final = "MLSERVICE_"
#: The hosts that are this machine.
LOOPBACK: Final = ("127.0.0.1", "::1", "localhost")
#: What the workers of a place may be called; it is a part of names of keys in Redis, and of addresses of Flower's.
WORKER_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")


#: What stands for a secret that is set.
HIDDEN: Final = "(hidden)"
#: A password in a URL.
_PASSWORD: Final = re.compile(r"(?<=://)([^/@:]*):[^/@]*@")
#: What a setting that is on or off may say.
ON_OR_OFF: Final = {"true": True, "false": False}


def variable(name: str, env: str | None) -> str:
    """The variable of the environment that gives a setting."""
    return env or PREFIX + name.upper()


def parse(variable: str, text: str, kind: type) -> object:
    """The value in a text. Raises SettingsError, which names the variable."""
    if kind is bool:
        if text.lower() not in ON_OR_OFF:
            raise SettingsError(f"{variable} must be true or false, not {text!r}")
        return ON_OR_OFF[text.lower()]
    try:
        return kind(text)
    except ValueError:
        raise SettingsError(f"{variable} must be {kind.__name__}, not {text!r}") from None


def written(value: object) -> str:
    """A value as a text that `parse` reads."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def shown(value: object, *, secret: bool) -> str:
    """A value as people may see it: a secret is hidden, and so is a password in a URL."""
    text = written(value)
    if secret and "://" not in text:
        return HIDDEN if text else ""
    return _PASSWORD.sub(r"\1:***@", text)


def check_outside_url(variable: str, url: str) -> None:
    """Raise SettingsError unless what is fetched there cannot be changed on the way: https, or this machine."""
    try:
        parts = urlsplit(url)
        safe = parts.scheme == "https" or (parts.scheme == "http" and parts.hostname in LOOPBACK)
        usable = safe and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise SettingsError(f"{variable} must be an https:// URL (http:// for this machine alone), not {url!r}")


def check_worker_name(said: str, name: str) -> None:
    """Raise SettingsError if no worker can be called like this. `said`: the variable or option that gives the name."""
    if name and WORKER_NAME.fullmatch(name) is None:
        raise SettingsError(f"{said} must be letters, digits, '.', '_' and '-', not {name!r}")


def parse_networks(variable: str, text: str) -> list[str]:
    """Addresses and networks, separated by commas, as networks. Raises SettingsError, which names the variable."""
    try:
        return [str(ip_network(part.strip())) for part in text.split(",") if part.strip()]
    except ValueError as error:
        raise SettingsError(f"{variable} must be addresses or networks: {error}") from None


def parse_pairs(variable: str, text: str) -> dict[str, str]:
    """`a=x,b=y` as a dict. Raises SettingsError, which names the variable."""
    pairs: dict[str, str] = {}
    for part in filter(None, (p.strip() for p in text.split(","))):
        name, sep, value = part.partition("=")
        if not (name and sep and value):
            raise SettingsError(f"{variable} must be NAME=VALUE, separated by commas, not {part!r}")
        pairs[name] = value
    return pairs
