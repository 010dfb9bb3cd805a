"""Where a Redis is and how it is entered: one URL, completed so that every library reads the same in it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final
from urllib.parse import SplitResult, parse_qsl, quote, urlencode, urlsplit, urlunsplit

from tasks.config.redis_tls import RedisTls, check_parameters
from tasks.errors import SettingsError

#: Schemes that name a node of Redis: by TCP, by TLS, by a socket of this machine.
PLAIN: Final = "redis"
SECURE: Final = "rediss"
SOCKET: Final = "unix"
#: Schemes that name Sentinels, which know the node: by TCP, by TLS (to the Sentinels and to the node).
SENTINEL: Final = "sentinel"
SECURE_SENTINEL: Final = "sentinels"
SCHEMES: Final = (PLAIN, SECURE, SOCKET, SENTINEL, SECURE_SENTINEL)
#: What separates the URLs of several Sentinels.
SEPARATOR: Final = ";"
SENTINEL_PORT: Final = 26379


@dataclass(frozen=True, kw_only=True)
class SentinelAccess:
    """What Sentinels call the primary, and who they let ask."""

    master: str
    user: str = ""
    password: str = field(default="", repr=False)


@dataclass(frozen=True, kw_only=True)
class RedisAddress:
    """A Redis: one node, or the primary that Sentinels name."""

    #: As redis-py reads it. With Sentinels: user, password and database of the primary, whose place is not in it.
    url: str = field(repr=False)
    #: As kombu and Celery read it, beside the options of `tls`. All Sentinels have the primary's password in it: after
    #: a failure kombu goes on with that of the next URL (findings/kombu-next-url-next-password.sh).
    celery_url: str = field(repr=False)
    #: As Celery reads it for results, beside these options: the first URL alone has the password, for of several Celery
    #: hides the first one's alone where it shows them.
    backend_url: str = field(repr=False)
    #: The same without passwords, for people.
    place: str
    tls: RedisTls | None = None
    #: Host and port of each Sentinel; none: the URL names the node.
    sentinels: tuple[tuple[str, int], ...] = ()
    access: SentinelAccess | None = None

    @property
    def shown_url(self) -> str:
        """`celery_url` for programs of others, with all of TLS that a URL can say."""
        return self._with_tls(self.celery_url)

    @property
    def shown_backend_url(self) -> str:
        """`backend_url` for programs of others, with all of TLS that a URL can say."""
        return self._with_tls(self.backend_url)

    def _with_tls(self, url: str) -> str:
        return url if self.tls is None or self.sentinels else _with(urlsplit(url), self.tls.in_url())

    def at(self, host: str, port: int) -> RedisAddress:
        """One node, entered as the primary is."""
        parts = urlsplit(self.url)
        login, _, _ = parts.netloc.rpartition("@")
        place = f"{_host(host)}:{port}"
        url = urlunsplit(parts._replace(netloc=f"{login}@{place}" if login else place))
        return RedisAddress(url=url, celery_url=url, backend_url=url, place=place, tls=self.tls)

    @property
    def is_socket(self) -> bool:
        """Whether it is a socket of this machine."""
        return self.url.startswith(f"{SOCKET}:")


def read_address(variable: str, url: str, *, tls: RedisTls, access: SentinelAccess) -> RedisAddress:
    """The address in a URL. Raises SettingsError, which names the variable, for what is no address, is a cluster, or
    asks for less safety than `tls` allows."""
    first = url.partition("://")[0]
    if "cluster" in first:
        raise SettingsError(
            f"{variable} names a Redis Cluster, which is not supported: name one primary (redis://, rediss://) or the"
            " Sentinels of one (sentinel://)"
        )
    if first not in SCHEMES:
        raise SettingsError(f"{variable} must begin with redis://, rediss://, unix://, sentinel:// or sentinels://")
    try:
        if first in (SENTINEL, SECURE_SENTINEL):
            return _sentinels(variable, url, tls=tls if first == SECURE_SENTINEL else None, access=access)
        return _node(variable, url, tls=tls)
    except ValueError as error:
        raise SettingsError(f"{variable} is no URL of Redis: {error}") from None


def _node(variable: str, url: str, *, tls: RedisTls) -> RedisAddress:
    if f"{SEPARATOR}redis" in url or any(sign in urlsplit(url).netloc.rpartition("@")[2] for sign in (SEPARATOR, ",")):
        raise SettingsError(
            f"{variable} names several nodes of Redis: name one, or Sentinels (sentinel://A;sentinel://B)"
        )
    parts = urlsplit(url)
    _ = parts.port
    if parts.scheme == SOCKET:
        return RedisAddress(url=url, celery_url=_socket_url(parts), backend_url=_socket_url(parts), place=parts.path)
    place = parts.netloc.rpartition("@")[2]
    given = dict(parse_qsl(parts.query, keep_blank_values=True))
    if parts.scheme == PLAIN:
        if any(name.startswith("ssl_") for name in given):
            raise SettingsError(f"{variable} has ssl_ parameters: TLS begins with rediss://")
        return RedisAddress(url=url, celery_url=url, backend_url=url, place=place)
    tls = tls.with_parameters(check_parameters(variable, given, tls))
    bare = _with(parts._replace(query=""), {name: text for name, text in given.items() if not name.startswith("ssl_")})
    options = {name: str(value) for name, value in tls.options().items()}
    return RedisAddress(url=_with(urlsplit(bare), options), celery_url=bare, backend_url=bare, place=place, tls=tls)


def _with(parts: SplitResult, more: dict[str, str]) -> str:
    """The URL with more parameters."""
    query = urlencode(dict(parse_qsl(parts.query)) | more, quote_via=quote, safe="/")
    return urlunsplit(parts._replace(query=query))


def _socket_url(parts: SplitResult) -> str:
    login, _, _ = parts.netloc.rpartition("@")
    db = dict(parse_qsl(parts.query)).get("db", "0")
    return f"redis+socket://{login + '@' if login else ''}{parts.path}?virtual_host={db}"


def _sentinels(variable: str, url: str, *, tls: RedisTls | None, access: SentinelAccess) -> RedisAddress:
    parts = [urlsplit(part) for part in url.split(SEPARATOR) if part]
    first = parts[0]
    login, _, _ = first.netloc.rpartition("@")
    for one in parts:
        _check_sentinel(variable, one, first=first)
    hosts = tuple((one.hostname or "", one.port or SENTINEL_PORT) for one in parts)
    places = [f"{_host(host)}:{port}" for host, port in hosts]
    entry = f"{login}@" if login else ""
    path = first.path.rstrip("/") or "/0"
    options = {name: str(value) for name, value in tls.options().items()} if tls else {}
    return RedisAddress(
        url=_with(urlsplit(f"{SECURE if tls else PLAIN}://{entry}{_PRIMARY}{path}"), options),
        celery_url=SEPARATOR.join(f"{SENTINEL}://{entry}{place}{path}" for place in places),
        backend_url=f"{SENTINEL}://{entry}" + f"{SEPARATOR}{SENTINEL}://".join(f"{place}{path}" for place in places),
        place=f"{access.master} of {', '.join(places)}",
        tls=tls,
        sentinels=hosts,
        access=access,
    )


#: Stands where the primary's host would.
_PRIMARY: Final = "primary"


def _check_sentinel(variable: str, one: SplitResult, *, first: SplitResult) -> None:
    if one.scheme != first.scheme:
        raise SettingsError(
            f"{variable} mixes {first.scheme}:// and {one.scheme or one.path}: begin each Sentinel alike"
        )
    if not one.hostname or "," in one.netloc.rpartition("@")[2]:
        raise SettingsError(
            f"{variable} must name each Sentinel by a URL of its own: sentinel://A:26379;sentinel://B:26379"
        )
    _ = one.port
    if one.query:
        raise SettingsError(f"{variable} has parameters after '?', which Sentinels have not: settings say the rest")
    mine, other = one.netloc.rpartition("@")[0], first.netloc.rpartition("@")[0]
    if one is not first and (mine not in ("", other) or one.path.rstrip("/") not in ("", first.path.rstrip("/"))):
        raise SettingsError(f"{variable} must give the primary's password and database in its first URL, and no others")
    database = first.path.strip("/")
    if database and not database.isdecimal():
        raise SettingsError(f"{variable} must end with the number of a database, not {database!r}")


def _host(host: str) -> str:
    return f"[{host}]" if ":" in host else host
