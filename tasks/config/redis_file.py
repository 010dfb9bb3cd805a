"""`infra/redis/config.properties` of the original service: who may enter Redis, and where it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote

from tasks.config.properties import TOP, read_properties, refuse_others
from tasks.errors import SettingsError

#: Where it lies in a folder of configuration.
REDIS_FILE: Final = Path("infra", "redis", "config.properties")
#: Its keys.
MASTER_USER: Final = "MASTER_USER"
MASTER_PASSWORD: Final = "REDIS_MASTER_PW"
CELERY_PASSWORD: Final = "REDIS_CELERY_PW"
HOST: Final = "HOST"
END_FILE: Final = "END_FILE"
KEYS: Final = (MASTER_USER, MASTER_PASSWORD, CELERY_PASSWORD, HOST, END_FILE)

#: The user of the gateway and the workers, whose password is REDIS_CELERY_PW.
CELERY_USER: Final = "default"
#: The user of Flower; the file does not speak of it.
FLOWER_USER: Final = "flower"
#: The user that may do all, where the file does not name it.
USUAL_MASTER: Final = "master"
#: What HOST says where Redis is a part of the service: this machine, or the original's container.
OWN_HOSTS: Final = ("localhost", "127.0.0.1", "redis")

_HOST: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(?::(?P<port>[0-9]{1,5}))?")


@dataclass(frozen=True, kw_only=True)
class RedisAccess:
    """What the file says. A password is any line of text."""

    master_user: str = USUAL_MASTER
    master_password: str = field(repr=False)
    celery_password: str = field(repr=False)
    #: NAME or NAME:PORT.
    host: str = OWN_HOSTS[0]

    @property
    def own(self) -> bool:
        """Whether the host is where a Redis that is a part of the service would be."""
        return self.host in OWN_HOSTS

    @property
    def url(self) -> str:
        """The Redis on that host, for the user that Celery is."""
        return self.url_of(CELERY_USER, self.celery_password)

    def url_of(self, user: str, password: str) -> str:
        """The Redis on that host, for one of its users."""
        return f"redis://{user}:{quote(password, safe='')}@{self.host}/0"

    def text(self) -> str:
        """The file that says this."""
        values = (self.master_user, self.master_password, self.celery_password, self.host, "true")
        return "".join(f"{key}={value}\n" for key, value in zip(KEYS, values, strict=True))


def redis_access(path: Path) -> RedisAccess | None:
    """What the file says; None if there is no such file. Raises SettingsError, which names file and key."""
    sections = read_properties(path)
    if sections is None:
        return None
    for name in sections:
        if name != TOP:
            raise SettingsError(f"{path} has a section [{name}]: remove that line, the file has no sections")
    given = sections[TOP]
    refuse_others(path, given, known=KEYS)
    _check_end(path, given)
    return RedisAccess(
        master_user=_master_user(path, given.get(MASTER_USER, USUAL_MASTER)),
        master_password=_password(path, given, MASTER_PASSWORD),
        celery_password=_password(path, given, CELERY_PASSWORD),
        host=_host(path, given.get(HOST, OWN_HOSTS[0]).strip()),
    )


def _check_end(path: Path, given: Mapping[str, str]) -> None:
    # The original's shell loop needed this line; here it may be left out.
    if END_FILE not in given:
        return
    if given[END_FILE].strip().lower() != "true":
        raise SettingsError(f"{path}, {END_FILE} must be true: it only marks the end of the file")
    if (last := list(given)[-1]) != END_FILE:
        raise SettingsError(f"{path}, {last} stands after {END_FILE}=true: move {END_FILE}=true to the end")


def _master_user(path: Path, name: str) -> str:
    # Redis takes no user with a space in its name.
    if name in ("", CELERY_USER, FLOWER_USER) or " " in name or not name.isprintable():
        raise SettingsError(
            f"{path}, {MASTER_USER} must be a name without spaces, and not {CELERY_USER} or {FLOWER_USER};"
            f" it is {name!r}: write {MASTER_USER}={USUAL_MASTER}"
        )
    return name


def _password(path: Path, given: Mapping[str, str], key: str) -> str:
    value = given.get(key)
    if not value or value.isspace():
        what = "is missing" if value is None else "is empty"
        raise SettingsError(f"{path}, {key} {what}: write {key}= and a password after it")
    return value


def _host(path: Path, text: str) -> str:
    match = _HOST.fullmatch(text)
    if match and 1 <= int(match["port"] or 6379) <= 65535:
        return text
    raise SettingsError(
        f"{path}, {HOST} must be NAME or NAME:PORT, not {text!r}: write {HOST}=localhost, or where your Redis is"
    )
