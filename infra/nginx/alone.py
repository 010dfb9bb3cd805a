"""`mlservice nginx`: NGINX by itself, in front of gateways on other hosts, as in a container."""

from __future__ import annotations

import argparse
import os
import re
from dataclasses import replace
from typing import Final

from infra.host.address import free_address
from infra.host.home import FLOWER_HTTP_PASSWORD, Home
from infra.host.launch import allow_files, become, executable
from infra.host.templates import write_private
from infra.host.temporary import empty, outer
from infra.nginx.console_files import link_console
from infra.nginx.proxy import nginx_conf
from infra.nginx.tls import check_pair, link_pair
from infra.nginx.upstreams import Upstreams, name_server
from tasks.config.settings import Settings
from tasks.errors import SettingsError

#: What its folder of temporary files is called.
FOLDER: Final = "mlservice-nginx"
#: A name, or an address, and a port.
PLACE: Final = re.compile(r"([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\]):[0-9]{1,5}")


def run(args: argparse.Namespace) -> int:
    """Become NGINX. Raises SettingsError for what it could not use, Conflict for a port that is taken.

    It stops when it has answered what it was asked on SIGQUIT, and at once on SIGTERM; SIGHUP has it read its
    certificates anew, with new processes.
    """
    settings = Settings.load()
    tls = check_pair(settings)
    address = free_address(args.host, int(args.port))
    upstreams = Upstreams(
        gateway=(_place("--gateway", args.gateway),),
        flower=_place("--flower", args.flower),
        mcp=_place("--mcp", args.mcp) if args.mcp else "",
        name_server=name_server(),
    )
    folder = outer(os.environ) / FOLDER
    # Bodies of a process that was killed lie there yet.
    empty(folder)
    for part in ("tmp", "tmp/nginx"):
        (folder / part).mkdir(mode=0o700)
    link_pair(settings, folder)
    link_console(folder)
    text = nginx_conf(
        replace(address, tls=tls),
        settings,
        flower_password=Home(args.home).secret(FLOWER_HTTP_PASSWORD),
        upstreams=upstreams,
    )
    write_private(folder / "nginx.conf", text)
    allow_files()
    os.chdir(folder)
    become(executable("nginx"), "-p", "./", "-c", "nginx.conf", "-e", "stderr")
    return 0


def _place(option: str, text: str) -> str:
    # It becomes a line of NGINX's configuration.
    if not PLACE.fullmatch(text):
        raise SettingsError(f"{option} must be NAME:PORT, not {text[:80]!r}")
    return text
