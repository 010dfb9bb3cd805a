"""`mlservice token` and `mlservice keys`: tokens without a password, and the keys that sign them."""

from __future__ import annotations

import argparse
import os
import time
from pathlib import Path

import redis

from gateway.identity import keyfile
from gateway.identity.accounts import Accounts
from gateway.identity.granting import grant
from gateway.identity.keys import open_keys
from gateway.identity.tokens import SKEW_SECONDS, Tokens
from infra.commands.revocation import moment, revoke
from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from tasks.errors import Conflict, InvalidField
from tasks.redis_keys import ACCOUNTS_CHANNEL, EVERYTHING_CHANGED


def token(args: argparse.Namespace) -> int:
    """Print a token, or revoke one.

    Raises NotFound for an unknown account, Conflict for one that is disabled, Forbidden for a scope it does not have.
    """
    settings = settings_of(Home(args.home), os.environ)
    if args.revoke is not None:
        if args.name is not None or args.scopes:
            raise InvalidField(
                "--revoke takes a token or its id alone; `mlservice user disable` ends all tokens of an account"
            )
        return revoke(args.revoke, settings)
    if args.name is None:
        raise InvalidField("name the account that the token is for, or --revoke a token")
    tokens = Tokens(open_keys(settings), life_seconds=settings.token_life_seconds)
    with redis_of(settings) as client:
        account = Accounts(client).known(args.name)
    print(grant(tokens, account, args.scopes or ()).access_token)
    return 0


def keys(args: argparse.Namespace) -> int:
    """Print the keys that are honoured, one a line: name, algorithm, since when, what for."""
    for number, key in enumerate(open_keys(settings_of(Home(args.home), os.environ)).all()):
        made = moment(key.created_at) if key.created_at else "given"
        use = "honoured" if number else "signs"
        print(key.kid, key.algorithm, made, use if key.ends_at is None else f"honoured until {moment(key.ends_at)}")
    return 0


def rotate(args: argparse.Namespace) -> int:
    """Sign with a new key from now on. The old one is honoured until its tokens end, or no longer with --at-once."""
    settings = settings_of(Home(args.home), os.environ)
    if not settings.token_keys_file:
        raise Conflict("tokens are signed with MLSERVICE_TOKEN_KEY or its file: change it there, and start again")
    keep = 0 if args.at_once else settings.token_life_seconds + SKEW_SECONDS
    new = keyfile.rotate(Path(settings.token_keys_file), now=time.time(), keep_seconds=keep)
    if args.at_once:
        # Gateways see the file by themselves, but remember tokens for a while.
        with redis_of(settings) as client:
            _forget(client)
    print(new.kid)
    return 0


def _forget(client: redis.Redis) -> None:
    client.publish(ACCOUNTS_CHANNEL, EVERYTHING_CHANGED)
