"""`mlservice user` and `mlservice token`: who may do what."""

from __future__ import annotations

import argparse
import os
import sys

from gateway.accounts import SCOPES, Accounts, allows
from gateway.tokens import Tokens
from infra.home import Home
from infra.running import redis_of, settings_of
from tasks.errors import Forbidden, InvalidField, NotFound


def add(args: argparse.Namespace) -> int:
    """Add an account with the password on standard input."""
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise InvalidField("the password is empty: give it as one line on standard input")
    with redis_of(settings_of(Home(args.home), os.environ)) as client:
        accounts = Accounts(client)
        if not (args.first and accounts.names()):
            accounts.add(args.name, password=password, scopes=args.scopes or SCOPES)
    return 0


def show(args: argparse.Namespace) -> int:
    """Print the names of the accounts, one a line."""
    with redis_of(settings_of(Home(args.home), os.environ)) as client:
        for name in sorted(Accounts(client).names()):
            print(name)
    return 0


def remove(args: argparse.Namespace) -> int:
    """Remove an account. Raises NotFound."""
    with redis_of(settings_of(Home(args.home), os.environ)) as client:
        Accounts(client).remove(args.name)
    return 0


def token(args: argparse.Namespace) -> int:
    """Print a token. Raises NotFound for an unknown account, Forbidden for a scope that it does not have."""
    settings = settings_of(Home(args.home), os.environ)
    tokens = Tokens(settings.signing_key(), life_seconds=settings.token_life_seconds)
    with redis_of(settings) as client:
        account = Accounts(client).get(args.name)
    if account is None:
        raise NotFound(f"there is no account {args.name!r}; `mlservice user list` lists them")
    scopes = args.scopes or account.scopes
    for scope in scopes:
        if scope not in SCOPES:
            raise InvalidField(f"there is no scope {scope!r}; the scopes are {', '.join(SCOPES)}")
        if not allows(account.scopes, scope):
            raise Forbidden(f"the account {args.name} has no scope {scope!r}, only {', '.join(sorted(account.scopes))}")
    print(tokens.issue(args.name, scopes).access_token)
    return 0
