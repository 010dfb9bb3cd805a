"""`mlservice link`: an address that signs a browser in, once."""

from __future__ import annotations

import argparse
import os

from gateway.identity.accounts import OUTSIDE, Accounts
from gateway.identity.links import LIFE_SECONDS, Links, new_code
from infra.host.home import Home
from infra.host.running import redis_of, settings_of
from infra.supervision.greeting import link
from tasks.errors import Conflict


def show(args: argparse.Namespace) -> int:
    """Print it. Raises Unavailable if no service runs, NotFound for an unknown account, Conflict for one that cannot
    sign in."""
    home = Home(args.home.resolve())
    service, settings = home.service(), settings_of(home, os.environ)
    code = new_code()
    with redis_of(settings) as client:
        account = Accounts(client).known(args.name)
        if account.disabled:
            raise Conflict(f"the account {args.name} is disabled: `mlservice user enable` it first")
        if args.name.startswith(OUTSIDE):
            raise Conflict(f"{args.name} signs in by its issuer")
        Links(client).keep(code, args.name)
    print(link(f"{service.url}{settings.root_path}", code))
    print(f"It signs {args.name} in, once, in the next {LIFE_SECONDS // 60} minutes.")
    return 0
