"""Where a version comes from, and when it was current."""

from __future__ import annotations

import msgspec


class Code(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The code that made a version."""

    #: Version of this service.
    service: str
    #: The package that offers the estimator and its version; empty where it is in no installed package.
    package: str = ""
    version: str = ""
    #: SHA-256 of the module that the estimator's class is in; empty where there is no such file.
    source: str = ""


class Lineage(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Who asked for a version, and what made it."""

    who: str
    #: What the request was called by who sent it, or by NGINX; empty for a direct call.
    request_id: str = ""
    code: Code
    #: Versions of Python and of the libraries that fit and store, by name.
    packages: dict[str, str] = {}
    #: The version that its fit went on from; 0 where it began anew.
    from_version: int = 0
    #: Over how many workers of a Dask cluster it was fitted; 0 where one process did it.
    workers: int = 0


class Period(msgspec.Struct, frozen=True):
    """A time in which a version was current (seconds since the epoch). `since` is None where an earlier release did not
    say, `until` while it lasts."""

    since: float | None
    until: float | None


def read_periods(text: bytes | None) -> list[Period]:
    """The times that `make_current.lua` wrote, in order."""
    if text is None:
        return []
    pairs = (part.split("-") for part in text.decode().split(","))
    return [Period(float(since) if since else None, float(until) if until else None) for since, until in pairs]
