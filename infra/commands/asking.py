"""The client of a command that calls a service: of the one in the home, or of that at --server."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from infra.host.tokens import Tokens
from tasks.client import Client
from tasks.errors import Unauthenticated

if TYPE_CHECKING:
    from tasks.calling.over_http import HttpTransport


@contextmanager
def client_of(args: argparse.Namespace) -> Iterator[Client]:
    """A client. Raises Unauthenticated where nobody is signed in, Unavailable, SettingsError."""
    if args.server:
        with signed_in(args) as transport:
            yield Client(transport=transport)
        return
    from infra.host.home import Home
    from infra.host.running import settings_of
    from tasks.calling.over_redis import RedisTransport
    from tasks.registry.history import COMMAND_LINE

    with Client(transport=RedisTransport(settings_of(Home(args.home), os.environ), owner=COMMAND_LINE)) as client:
        yield client


@contextmanager
def signed_in(args: argparse.Namespace) -> Iterator[HttpTransport]:
    """The way to the service at --server. Raises Unauthenticated with the remedy."""
    from tasks.calling.opening import Way, http_protocol
    from tasks.calling.over_http import HttpTransport

    try:
        way = Way(url=args.server, token=Tokens(os.environ).token(args.server))
        transport = HttpTransport(http_protocol(way))
        try:
            yield transport
        finally:
            transport.close()
    except Unauthenticated as error:
        raise Unauthenticated(f"{error}: mlservice --server {args.server} login") from None
