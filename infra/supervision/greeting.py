"""What `mlservice up` says once it is ready."""

from __future__ import annotations

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path

from infra.host.address import Address
from infra.host.home import FIRST_ACCOUNT, Home
from tasks.config.settings import Settings


def greeting(address: Address, environment: Mapping[str, str]) -> str:
    """What a user needs to know now."""
    password = Home(Path(environment["MLSERVICE_HOME"])).admin_password
    account = f"{FIRST_ACCOUNT}, for both; its password is in {password}"
    if not password.exists():
        account = "one of yours, for both: `mlservice user list` names them"
    root = Settings.load(environment).root_path
    url = f"{address.url}{root}"
    lines = [
        f"mlservice is ready: {url}",
        *(f"  also at   {other}{root}" for other in address.urls[1:]),
        f"  console   {url}/",
        f"  Flower    {url}/flower/",
        f"  account   {account}",
        f"  to stop   Ctrl-C, or kill {os.getpid()}",
    ]
    if not (address.tls or all(ip_address(host).is_loopback for host in address.hosts)):
        lines.append("  caution   passwords and tokens can be read on the way: give --tls-cert and --tls-key")
    return "\n".join(lines)
