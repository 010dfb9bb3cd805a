"""Which way leads to a service, by the scheme of its URL."""

from __future__ import annotations

import ssl
from typing import TYPE_CHECKING, Final
from urllib.parse import urlsplit

import msgspec

from tasks.config.home import find, service_url
from tasks.errors import InvalidField

if TYPE_CHECKING:
    from tasks.calling.http_protocol import HttpProtocol
    from tasks.calling.over_redis import RedisTransport

#: The schemes of the way over HTTP; every other one is Redis's.
HTTP_SCHEMES: Final = ("http", "https")
#: How long what may pass is tried again over HTTP (seconds).
PATIENCE_SECONDS: Final = 30.0


class Way(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of the way to a service."""

    #: http(s)://, redis://, rediss:// or unix://; None: the service of the home, or the one that REDIS_URL names.
    url: str | None = None
    #: Through Redis: whose work it is.
    owner: str = ""
    #: Over HTTP: a token, or the name and password of an account.
    token: str = ""
    name: str = ""
    password: str = ""
    patience_seconds: float = PATIENCE_SECONDS
    #: Over HTTPS: whether the service's certificate is checked, or by which context.
    verify: bool | ssl.SSLContext = True

    def __repr__(self) -> str:
        # Without secrets, of which a URL may hold one.
        return f"Way(scheme={urlsplit(self.url or '').scheme!r})"

    @property
    def is_http(self) -> bool:
        """Whether it leads over HTTP."""
        return urlsplit(self.url or "").scheme in HTTP_SCHEMES


#: Whose work it is where nothing is said.
OWNER: Final = "python"


def open_redis(way: Way) -> RedisTransport:
    """The way through Redis. Raises InvalidField for what is said of HTTP alone, SettingsError, Unavailable if nothing
    says where the service is."""
    from tasks.calling.over_redis import RedisTransport

    if way.token or way.name or way.password:
        raise InvalidField("token, name and password are for http:// and https://; a URL of Redis has its own in it")
    settings = find(way.url)
    return RedisTransport(settings, owner=way.owner or OWNER, url=service_url() if way.url is None else "")


def http_protocol(way: Way) -> HttpProtocol:
    """What is said over HTTP. Raises InvalidField unless it has a token, or a name and a password."""
    from tasks.calling.http_protocol import HttpProtocol, Login

    if way.owner:
        raise InvalidField("owner is for a URL of Redis; over HTTP the work is the account's that calls")
    assert way.url is not None, "it has a scheme"
    login = Login(token=way.token, name=way.name, password=way.password)
    return HttpProtocol(way.url, login, patience_seconds=way.patience_seconds)
