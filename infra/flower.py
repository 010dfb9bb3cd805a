"""Flower, without Celery's command line around it."""

from __future__ import annotations

import signal
import sys
from typing import Any
from urllib.parse import unquote

from flower import command
from flower.app import Flower
from flower.utils import broker
from flower.utils.broker import RedisSocket
from flower.views import BaseHandler
from tornado.httputil import HTTPServerRequest
from tornado.options import options
from tornado.routing import Matcher, Rule

from infra.redis_users import FLOWER_PREFIX


class NamedSocket(RedisSocket):  # type: ignore[misc]
    """Counts queues on a unix socket as the user in the URL; Flower's own class knows the password only."""

    def __init__(self, broker_url: str, *args: Any, **kwargs: Any) -> None:
        super().__init__(broker_url, *args, **kwargs)
        self.redis.connection_pool.connection_kwargs.update(username=self.username, path=unquote(f"/{self.vhost}"))


class Changing(Matcher):
    """Finds the requests to Flower's API that would change something."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Whether it is one, as tornado wants it said."""
        return {} if "/api/" in request.path and request.method not in ("GET", "HEAD", "OPTIONS") else None


class Refused(BaseHandler):  # type: ignore[misc]
    """Answers 403."""

    def prepare(self) -> None:
        """Before the method is looked at."""
        self.set_status(403)
        self.finish("Flower only shows here: change things through the service's own API")


def serve(app: Any, arguments: list[str]) -> None:
    """Serve Flower until SIGTERM, to look at only. The arguments are its own; FLOWER_* in the environment says more.

    What would change something is refused, here and, under `mlservice up`, by Redis.
    """
    keep_apart(app)
    broker.RedisSocket = NamedSocket
    command.apply_env_options()
    command.apply_options("flower", arguments)
    command.extract_settings()
    command.setup_logging()
    flower = Flower(capp=app, options=options, **command.settings)
    flower.default_router.rules.insert(0, Rule(Changing(), Refused))
    signal.signal(signal.SIGTERM, command.sigterm_handler)
    flower.start_http_server()
    try:
        flower.start()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        flower.stop()
    sys.exit(0)


def keep_apart(app: Any) -> None:
    """Let this app give back no worker's messages, as every other consumer does from time to time."""
    names = ("unacked_key", "unacked_index_key", "unacked_mutex_key")
    own = {name: FLOWER_PREFIX + name.removesuffix("_key") for name in names}
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **own}
