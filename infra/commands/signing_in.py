"""`mlservice --server URL login`, and `logout`."""

from __future__ import annotations

import argparse
import getpass
import os
import sys

from infra.host.tokens import Tokens
from tasks.calling.http_exchange import Call
from tasks.calling.opening import Way, http_protocol
from tasks.errors import InvalidField


def login(args: argparse.Namespace) -> int:
    """Fetch a token for an account, or take one, see that the service knows it, and keep it. Raises InvalidField,
    Unauthenticated, Unavailable."""
    from tasks.calling.over_http import HttpTransport

    way = _way(args)
    transport = HttpTransport(http_protocol(way))
    try:
        token = transport.run(transport.protocol.log_in())
        transport.run(transport.protocol.send(Call(method="GET", path="/v1/models", params={"limit": "1"})))
    finally:
        transport.close()
    tokens = Tokens(os.environ)
    tokens.keep(args.server, token)
    print(f"signed in to {args.server}; the token is kept in {tokens.file}")
    return 0


def logout(args: argparse.Namespace) -> int:
    """Forget the token. Raises InvalidField, Unauthenticated if there is none."""
    _check(args)
    Tokens(os.environ).forget(args.server)
    return 0


def _way(args: argparse.Namespace) -> Way:
    _check(args)
    if args.token_stdin:
        return Way(url=args.server, token=_line("token"))
    if not args.name:
        raise InvalidField("say who signs in: --name ACCOUNT, or --token-stdin")
    password = _line("password") if args.password_stdin else getpass.getpass(f"Password of {args.name}: ")
    return Way(url=args.server, name=args.name, password=password)


def _check(args: argparse.Namespace) -> None:
    if not Way(url=args.server).is_http:
        raise InvalidField("say where to sign in: mlservice --server https://HOST login")


def _line(what: str) -> str:
    found = sys.stdin.readline().strip()
    if not found:
        raise InvalidField(f"the {what} is empty: give it as one line on standard input")
    return found
