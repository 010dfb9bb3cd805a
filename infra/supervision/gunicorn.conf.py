# ruff: noqa: N999 - the name by which gunicorn knows it.
"""How gunicorn serves the gateway; read by gunicorn, not imported.

The settings say how many processes. GATEWAY_BIND says where (`unix:PATH` or `HOST:PORT`); without it each process has a
socket of its own in SOCKETS_DIR.
"""

import gc
import logging
import os
import time

from gunicorn import glogging  # type: ignore[import-untyped]
from gunicorn.arbiter import Arbiter  # type: ignore[import-untyped]
from gunicorn.config import Config  # type: ignore[import-untyped]
from gunicorn.workers.base import Worker  # type: ignore[import-untyped]

from infra.host.exposure import warn_of_exposure
from infra.host.gateway_sockets import gateway_processes, gateway_sockets
from infra.host.launch import BACKLOG
from tasks.config.settings import Settings
from tasks.storage.stores import load_store
from tasks.telemetry import logs

_settings = Settings.load()
logs.setup(_settings, "gateway")
warn_of_exposure(os.environ)


class Logger(glogging.Logger):  # type: ignore[misc]
    """gunicorn's own messages, and uvicorn's, which it hands its handlers, written as all others are."""

    def setup(self, cfg: Config) -> None:
        """As the base class, but for where messages go."""
        super().setup(cfg)
        self.error_log.handlers = list(logging.getLogger().handlers)


logger_class = Logger

wsgi_app = "gateway.asgi:app"
worker_class = "gateway.server.GatewayWorker"
workers = gateway_processes(_settings)
if place := os.environ.get("GATEWAY_BIND"):
    bind = [place]
elif folder := os.environ.get("SOCKETS_DIR"):
    bind = [f"unix:{folder}/{name}" for name in gateway_sockets(workers)]
else:
    bind = ["127.0.0.1:8000"]
umask = 0o077
backlog = BACKLOG
# Longer than NGINX keeps its connections, so that the gateway never closes one that NGINX is about to use.
keepalive = 120
# A process that does not turn its event loop for so long is replaced.
timeout = 30
graceful_timeout = 3
# All services of one user would have the same (findings/gunicorn-one-control-socket.sh).
control_socket_disable = True
#: How long a gateway with an address is still there when it takes no connection any more (seconds). NGINX is refused
#: then, and asks another one; at an address that is gone it would wait in vain.
leaving_seconds = 2.0
accesslog = None
errorlog = "-"
loglevel = "info"


def on_starting(server: object) -> None:
    """Import the gateway's code before the fork: processes share its memory, and a new one is there at once.

    The app itself is made after the fork (no preload_app): its name and its connections are one process's own.
    """
    import uvicorn.lifespan.on
    import uvicorn.loops.uvloop
    import uvicorn.protocols.http.httptools_impl  # noqa: F401
    import uvloop  # noqa: F401

    import gateway.app  # noqa: F401

    load_store(_settings.blobs_url)
    gc.collect()
    gc.freeze()


def pre_fork(server: Arbiter, worker: Worker) -> None:
    """Give a new process the socket that the fewest have. The parent keeps them all open: who comes while a process is
    replaced waits."""
    taken = [living.sockets[0] for living in server.WORKERS.values()]
    worker.sockets = [min(server.LISTENERS, key=taken.count)]


def on_exit(server: object) -> None:
    """Be there for a moment, refusing."""
    if not bind[0].startswith("unix:"):
        time.sleep(leaving_seconds)
