"""The commands that serve: `up`, the demo, and each process of the service by itself."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from infra.arguments.common import add_home, add_host, command
from infra.host.defaults import ALL_ADDRESSES, DEFAULT_HOST, DEFAULT_PORT
from tasks.contract import FLEETS

if TYPE_CHECKING:
    from infra.arguments.common import Subparsers


def add_up(commands: Subparsers) -> None:
    """`up` and `dev`, and a certificate to try them with."""
    up = command(commands, "up", "infra.supervision.up:run", help="serve on this machine until stopped")
    dev = command(
        commands,
        "dev",
        "infra.supervision.dev:run",
        help="as `up`, with new workers when your estimator's code changes",
    )
    for serving in (up, dev):
        add_home(serving)
        add_host(serving, default=os.environ.get("MLSERVICE_HOST", DEFAULT_HOST))
        serving.add_argument(
            "--port",
            type=int,
            default=os.environ.get("MLSERVICE_PORT", DEFAULT_PORT),
            help="0: any free one; default: %(default)s",
        )
        serving.add_argument("--tls-cert", type=Path, metavar="FILE", help="speak HTTPS with this certificate (PEM)")
        serving.add_argument("--tls-key", type=Path, metavar="FILE", help="its key (PEM, without a password)")

    example = command(commands, "tls-example", "infra.nginx.tls:example", help="make a certificate to try TLS with")
    example.add_argument("folder", type=Path, metavar="DIR", help="where to write it and its key")
    example.add_argument(
        "--host",
        action="append",
        dest="hosts",
        metavar="HOST",
        help="a name or address that it is for, too, beside localhost; may be given several times",
    )


def add_demo(commands: Subparsers) -> None:
    """`demo`."""
    demo = command(commands, "demo", "infra.demo.walkthrough:run", help="init, train and estimate on real data")
    demo.add_argument("--data", type=Path, metavar="FILE", help="a table of your own: CSV or Parquet")
    demo.add_argument("--target", metavar="COLUMN", help="the column to learn")


def add_processes(commands: Subparsers) -> None:
    """What `up` runs, and containers do."""
    gateway = command(commands, "gateway", "infra.supervision.serving:gateway", help="serve HTTP, without NGINX")
    gateway.add_argument("--bind", metavar="ADDRESS", help="HOST:PORT or unix:PATH; default: 127.0.0.1:8000")

    worker = command(commands, "worker", "infra.supervision.serving:worker", help="take work of one fleet's queues")
    worker.add_argument("fleet", choices=tuple(FLEETS))
    worker.add_argument("--processes", type=int, metavar="N", help="default: what the settings say")
    worker.add_argument(
        "--name", metavar="NAME", help="what it is called, as FLEET@NAME; default: what the settings say"
    )
    worker.add_argument(
        "--drain",
        type=float,
        metavar="SECONDS",
        help="on SIGQUIT, how long begun work may go on before it is given back",
    )

    deliverer = command(commands, "deliverer", "infra.supervision.deliverer:run", help="deliver webhooks")
    deliverer.add_argument(
        "--on-demand",
        action="store_true",
        help="end once there is no webhook; the standard input is a socket on which it is asked for",
    )

    mcp = command(commands, "mcp", "infra.agents.serving:run", help="serve agents, by the Model Context Protocol")
    mcp.add_argument("--bind", default="127.0.0.1:8001", metavar="HOST:PORT", help="default: %(default)s")
    mcp.add_argument(
        "--gateway", metavar="URL", help="where the gateway is; default: the one that `up` has on this machine"
    )
    mcp.add_argument("--on-demand", action="store_true", help="the standard input is the socket on which it listens")

    nginx = command(commands, "nginx", "infra.nginx.alone:run", help="NGINX in front of gateways on other hosts")
    add_host(nginx, default=ALL_ADDRESSES)
    nginx.add_argument("--port", type=int, default=DEFAULT_PORT, help="default: %(default)s")
    nginx.add_argument(
        "--gateway", default="gateway:8000", metavar="NAME:PORT", help="all addresses of it; default: %(default)s"
    )
    nginx.add_argument("--flower", default="flower:5555", metavar="NAME:PORT", help="default: %(default)s")
    nginx.add_argument("--mcp", metavar="NAME:PORT", help="the endpoint for agents, at /mcp; default: there is none")
    add_home(nginx)

    valkey = command(
        commands, "valkey", "infra.redis_server.alone:run", help="the service's own Valkey for processes on other hosts"
    )
    valkey.add_argument("--port", type=int, default=6379, help="default: %(default)s")
    add_home(valkey)

    command(commands, "sync", "infra.redis_server.syncing:run", help="sync what the Valkey of `up` writes, each second")

    flower = command(commands, "flower", "infra.supervision.serving:flower", help="show workers and tasks")
    flower.add_argument(
        "--on-demand",
        action="store_true",
        help="listen on the socket that is the standard input, and end once nobody has looked for ten minutes",
    )
    flower.add_argument("options", nargs="*", help="options of Flower's own, after --")

    setup = command(
        commands,
        "setup",
        "infra.supervision.first_account:setup",
        help="make the secrets and the first account of a service whose processes start by themselves",
    )
    setup.add_argument(
        "--monitor",
        type=Path,
        metavar="FILE",
        help="the account of Prometheus instead, whose password is written into this file if that is missing",
    )
    add_home(setup)

    probe = command(commands, "probe", "infra.commands.probe:run", help="whether a program of this host does its work")
    probe.add_argument("program", choices=("gateway", "nginx", "worker", "deliverer", "flower", "valkey"))
    probe.add_argument("--port", type=int, help="where it listens; default: that of the program")
