"""What `mlservice up` says once it is ready."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from gateway.identity.links import LIFE_SECONDS
from infra.host.address import Address
from infra.host.home import FIRST_ACCOUNT, Home
from tasks.config.settings import Settings


def link(url: str, code: str) -> str:
    """The address that signs in. What follows `#` is sent to no server, and so is in no log of one."""
    return f"{url}/#/enter/{code}"


def greeting(address: Address, environment: Mapping[str, str], *, code: str = "") -> str:
    """What a user needs to know now; the `code` signs the first account in, once."""
    password = Home(Path(environment["MLSERVICE_HOME"])).admin_password
    account = f"{FIRST_ACCOUNT}, for both; its password is in {password}"
    if not password.exists():
        account = "one of yours, for both: `mlservice user list` names them"
    root = Settings.load(environment).root_path
    url = f"{address.url}{root}"
    known = code and password.exists()
    lines = [
        f"mlservice is ready: {url}",
        *(f"  also at   {other}{root}" for other in address.urls[1:]),
        f"  console   {url}/",
        f"  Flower    {url}/flower/",
        *([f"  sign in   {link(url, code)}  (once, in the next {LIFE_SECONDS // 60} minutes)"] if known else []),
        f"  account   {account}",
        f"  to stop   Ctrl-C, or kill {os.getpid()}",
    ]
    if not (address.tls or all(ip_address(host).is_loopback for host in address.hosts)):
        lines.append("  caution   passwords and tokens can be read on the way: give --tls-cert and --tls-key")
    return "\n".join(lines)
