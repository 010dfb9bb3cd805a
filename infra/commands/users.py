"""`mlservice user`: who may do what."""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from gateway.identity.account import Account
from gateway.identity.accounts import SCOPES, Accounts
from gateway.identity.links import Links
from gateway.identity.quotas import LIMITS
from infra.host.home import FIRST_ACCOUNT, Home
from infra.host.running import redis_of, settings_of
from tasks.errors import InvalidField


def add(args: argparse.Namespace) -> int:
    """Add an account with the password on standard input; without one for a caller of the outside issuer.

    As the first account, if there is none: prints its name then. A second line is a code that signs it in, once.
    """
    password = None if args.no_password else _password()
    code = sys.stdin.readline().strip() if args.first else ""
    with redis_of(settings_of(Home(args.home), os.environ)) as client:
        accounts = Accounts(client)
        if not (args.first and accounts.names()):
            accounts.add(args.name, password=password, scopes=args.scopes or SCOPES)
            if args.first:
                print(args.name)
        if code and accounts.get(args.name) is not None:
            Links(client).keep(code, args.name)
    return 0


def show(args: argparse.Namespace) -> int:
    """Print the accounts, one a line: name, scopes, limits, whether it is disabled."""
    with _accounts(args) as accounts:
        found = list(accounts.all())
    if args.json:
        print(json.dumps([_document(account) for account in found]))
        return 0
    for account in found:
        limits = [f"{limit}={value}" for limit, value in sorted(account.limits.items())]
        state = ["disabled"] if account.disabled else []
        print(account.name, ",".join(sorted(account.scopes)), *limits, *state, sep="\t")
    return 0


def remove(args: argparse.Namespace) -> int:
    """Remove an account. Raises NotFound."""
    with _accounts(args) as accounts:
        accounts.remove(args.name)
    _forget_first_password(args)
    return 0


def disable(args: argparse.Namespace) -> int:
    """Refuse an account's password and tokens. Raises NotFound."""
    with _accounts(args) as accounts:
        accounts.change(args.name, disabled=True)
    return 0


def enable(args: argparse.Namespace) -> int:
    """Take back `disable`. Raises NotFound."""
    with _accounts(args) as accounts:
        accounts.change(args.name, disabled=False)
    return 0


def passwd(args: argparse.Namespace) -> int:
    """Set the password on standard input, which ends the account's tokens. Raises NotFound."""
    password = _password()
    with _accounts(args) as accounts:
        accounts.change(args.name, password=password)
    _forget_first_password(args)
    return 0


def scopes(args: argparse.Namespace) -> int:
    """Give an account these scopes and no others. Raises NotFound."""
    with _accounts(args) as accounts:
        accounts.change(args.name, scopes=args.scopes)
    return 0


def quota(args: argparse.Namespace) -> int:
    """Set what an account may use in a second; what is not named stays. Raises NotFound."""
    given = {limit: getattr(args, limit) for limit in LIMITS}
    named = {limit: _limit(limit, value) for limit, value in given.items() if value is not None}
    if not named:
        options = ", ".join(f"--{limit.replace('_', '-')}" for limit in LIMITS)
        raise InvalidField(f"give at least one of {options}: a number, or `default`")
    with _accounts(args) as accounts:
        accounts.change(args.name, limits=named)
    return 0


@contextmanager
def _accounts(args: argparse.Namespace) -> Iterator[Accounts]:
    with redis_of(settings_of(Home(args.home), os.environ)) as client:
        yield Accounts(client)


def _forget_first_password(args: argparse.Namespace) -> None:
    """Remove the file that has the password of the first account, if it was that one's: it would mislead."""
    file = Home(args.home).admin_password
    if args.name == FIRST_ACCOUNT and file.exists():
        file.unlink()
        print(f"removed {file}, which had its first password")


def _password() -> str:
    password = sys.stdin.readline().rstrip("\r\n")
    if not password:
        raise InvalidField("the password is empty: give it as one line on standard input")
    return password


def _limit(limit: str, text: str) -> int | None:
    if text == "default":
        return None
    if not (text.isascii() and text.isdigit()):
        raise InvalidField(f"{limit} must be a whole number, 0 for any amount, or `default`, not {text[:40]!r}")
    return int(text)


def _document(account: Account) -> dict[str, Any]:
    return {
        "name": account.name,
        "scopes": sorted(account.scopes),
        "created_at": account.created_at,
        "disabled": account.disabled,
        "limits": dict(account.limits),
    }
