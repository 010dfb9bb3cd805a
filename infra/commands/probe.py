"""`mlservice probe`: whether the program of a container does its work, for health checks. It loads little."""

from __future__ import annotations

import argparse
import http.client
import os
import socket
import ssl
from collections.abc import Callable, Mapping
from typing import Final

from infra.host.defaults import DEFAULT_PORT
from tasks.errors import Unavailable

#: Longest wait for an answer (seconds).
ANSWER_SECONDS: Final = 4.0
#: Where each listens in its container.
GATEWAY_PORT: Final = 8000
FLOWER_PORT: Final = 5555


def run(args: argparse.Namespace) -> int:
    """0 if it does. Raises Unavailable, or OSError, which say what is wrong."""
    PROBES[args.program](args)
    return 0


def _http(port: int, path: str, *, tls: bool = False) -> None:
    """Ask for this path on this host. Raises Unavailable for an answer that is no success."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=ANSWER_SECONDS)
    if tls:
        # The certificate is for the name by which clients call it, and nothing secret is said here.
        context = ssl._create_unverified_context()
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=ANSWER_SECONDS, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        text = answer.read(500).decode(errors="replace")
    except http.client.HTTPException as error:
        raise Unavailable(f"port {port} does not speak HTTP: {error!r}") from error
    finally:
        connection.close()
    if answer.status != 200:
        raise Unavailable(f"{path} was answered {answer.status}: {text}")


def _gateway(args: argparse.Namespace) -> None:
    _http(args.port or GATEWAY_PORT, "/health/live")


def _nginx(args: argparse.Namespace) -> None:
    # The whole service: a canary went through NGINX, gateway, Redis and an estimate worker.
    port = args.port or int(os.environ.get("MLSERVICE_PORT", DEFAULT_PORT))
    _http(port, "/health/ready", tls=bool(os.environ.get("MLSERVICE_TLS_CERT_FILE")))


def _flower(args: argparse.Namespace) -> None:
    from tasks.config.settings import Settings

    # Its paths begin with the root path, which NGINX takes from all others.
    _http(args.port or FLOWER_PORT, f"{Settings.load().root_path}/flower/healthcheck")


def _valkey(_: argparse.Namespace) -> None:
    from tasks.config.settings import Settings
    from tasks.storage.connection import answering, connect

    with answering(), connect(Settings.load()) as client:
        client.ping()


def _worker(_: argparse.Namespace) -> None:
    """Whether a worker of this host was heard of lately: it takes work, and Redis answers it."""
    from tasks.config.settings import Settings
    from tasks.contract import FLEETS
    from tasks.ledger.fleet import members
    from tasks.storage.connection import answering, connect

    settings = Settings.load()
    name = settings.worker_name or socket.gethostname()
    with answering(), connect(settings) as client:
        if not any(_host(member) == name for fleet in FLEETS for member in members(client, fleet)):
            raise Unavailable(f"no worker of {name} was heard of lately")


def _deliverer(_: argparse.Namespace) -> None:
    """Whether webhooks are delivered: by this one, or by the one in whose place it would go on."""
    from tasks.config.settings import Settings
    from tasks.redis_keys import DELIVERER_KEY
    from tasks.storage.connection import answering, connect

    with answering(), connect(Settings.load()) as client:
        if not client.exists(DELIVERER_KEY):
            raise Unavailable("nobody delivers webhooks")


def _host(member: str) -> str:
    return member.partition("#")[0].partition("@")[2]


PROBES: Final[Mapping[str, Callable[[argparse.Namespace], None]]] = {
    "gateway": _gateway,
    "nginx": _nginx,
    "flower": _flower,
    "valkey": _valkey,
    "worker": _worker,
    "deliverer": _deliverer,
}
