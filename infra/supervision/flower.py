"""Flower, without Celery's command line around it."""

from __future__ import annotations

import logging
import re
import signal
import socket
import sys
import time
from collections.abc import Iterable
from typing import Any, Final

import msgspec
import redis
from flower import command
from flower.app import Flower
from flower.events import Events
from flower.utils import broker
from flower.views import BaseHandler
from tornado.httpserver import HTTPServer
from tornado.httputil import HTTPServerRequest
from tornado.ioloop import IOLoop, PeriodicCallback
from tornado.options import options
from tornado.routing import Matcher, Rule

from infra.redis_server.users import FLOWER_PREFIX
from tasks.config.settings import Settings
from tasks.contract import CONTROLS, QUEUES, Lane
from tasks.redis_keys import queue_key
from tasks.storage.connection import connect_broker
from tasks.telemetry.event_history import EventHistory

log = logging.getLogger(__name__)

#: Where who runs only while somebody looks finds the socket on which it listens.
STDIN: Final = 0
#: After so long without a request nobody looks any more; how often that is asked (seconds).
UNSEEN_SECONDS: Final = 600.0
ASK_SECONDS: Final = 30.0

#: Flower's own way to make a page, and to take note of an event.
_render: Final = BaseHandler.render
_hear: Final = Events.on_event
#: Flower's clients of Redis, by the scheme of its URL.
CLIENTS: Final = ("Redis", "RedisSsl", "RedisSocket", "RedisSentinel")
#: What an event has of a task's data.
DATA: Final = ("args", "kwargs")


def lanes_of(settings: Settings) -> type[Any]:
    """What Flower is given instead of its own clients of Redis, which know no user on a socket, no TLS by a URL and the
    first of several Sentinels alone (findings/flower-forgets-the-user.sh): it counts through ours."""

    class Lanes:
        def __init__(self, _url: str, **_options: Any) -> None:
            """Nothing is asked yet."""

        async def queues(self, _names: Iterable[str]) -> list[dict[str, Any]]:
            return await IOLoop.current().run_in_executor(None, lengths, settings)

    return Lanes


def lengths(settings: Settings) -> list[dict[str, Any]]:
    """How many messages wait, by queue and lane; Flower's own method adds the lanes up. Raises RedisError.

    Of all queues: Flower names those of the workers that answered when it started.
    """
    rows = [(name, lane) for name in QUEUES for lane in Lane]
    with connect_broker(settings) as client, client.pipeline(transaction=False) as pipe:
        for name, lane in rows:
            pipe.llen(queue_key(name, lane))
        counts = pipe.execute()
    return [
        {"name": f"{name}, {lane.value}", "messages": count, "messages_ready": count}
        for (name, lane), count in zip(rows, counts, strict=True)
    ]


def render(self: BaseHandler, name: str, **values: Any) -> None:
    """A page, with the buttons that whoever looks may press. Those of a task nobody may."""
    if "read_only" in values:
        values["read_only"] = name == "task.html" or self.request.headers.get(CONTROLS) == "no"
    _render(self, name, **values)


def hear(self: Events, event: dict[str, Any]) -> None:
    """Take note of an event; not of the data in those that clients may send of what they have sent."""
    _hear(self, {name: value for name, value in event.items() if event["type"] != "task-sent" or name not in DATA})


class OurOwn(Matcher):
    """Finds the requests to Flower's API that would submit, revoke or abort a task."""

    def match(self, request: HTTPServerRequest) -> dict[str, Any] | None:
        """Whether it is one, as tornado wants it said."""
        return {} if re.search(r"/api/task/(apply|async-apply|send-task|revoke|abort)/", request.path) else None


class Refused(BaseHandler):  # type: ignore[misc]
    """Answers 403: what Flower revokes it would take from its queue, and the ledger would wait for it."""

    def prepare(self) -> None:
        """Before the method is looked at."""
        self.set_status(403)
        self.finish(
            "tasks are submitted and cancelled through the service's own API: POST /v1/models/..., DELETE /v1/tasks/ID"
        )


class Watched(Flower):  # type: ignore[misc]
    """Flower, which notes when somebody looks, and knows what was told before it listened."""

    seen_at = 0.0

    def start_request(self, *connections: Any) -> Any:
        """A request comes."""
        self.seen_at = time.monotonic()
        return super().start_request(*connections)

    def recall(self, history: EventHistory) -> None:
        """Take note of what events have told."""
        try:
            for event in history:
                self.events.state.event({**event, "local_received": event["timestamp"]})
        except (redis.exceptions.RedisError, msgspec.DecodeError, KeyError, TypeError) as error:
            log.warning("what was told of tasks before cannot be shown: %s", error)

    def listen_on(self, number: int) -> None:
        """Take connections from this file descriptor, and end after a while without a request."""
        listening = socket.socket(fileno=number)
        # tornado takes connections until there are no more.
        listening.setblocking(False)
        HTTPServer(self).add_socket(listening)
        self.seen_at = time.monotonic()
        PeriodicCallback(self._end_unseen, ASK_SECONDS * 1000).start()

    def _end_unseen(self) -> None:
        if time.monotonic() - self.seen_at > UNSEEN_SECONDS:
            log.info("nobody has looked for %.0f s", UNSEEN_SECONDS)
            self.stop()


def serve(app: Any, arguments: list[str], *, history: EventHistory, on_demand: bool) -> None:
    """Serve Flower until SIGTERM, or, `on_demand`, on the socket that is its standard input, and until nobody looks any
    more. The arguments are its own; FLOWER_* in the environment says more.

    Who gets in may control workers; under `mlservice up` NGINX lets only `admin` do that. Tasks are for the API.
    """
    keep_apart(app)
    for name in CLIENTS:
        setattr(broker, name, lanes_of(app.settings))
    BaseHandler.render, Events.on_event = render, hear
    command.apply_env_options()
    command.apply_options("flower", arguments)
    command.extract_settings()
    command.setup_logging()
    flower = Watched(capp=app, options=options, **command.settings)
    flower.default_router.rules.insert(0, Rule(OurOwn(), Refused))
    signal.signal(signal.SIGTERM, command.sigterm_handler)
    flower.recall(history)
    if on_demand:
        flower.listen_on(STDIN)
    else:
        flower.start_http_server()
    try:
        flower.start()
    except (KeyboardInterrupt, SystemExit):
        pass
    finally:
        flower.stop()
    sys.exit(0)


def keep_apart(app: Any) -> None:
    """Let this app give back no worker's messages (findings/kombu-who-asks-redelivers.sh)."""
    names = ("unacked_key", "unacked_index_key", "unacked_mutex_key")
    own = {name: FLOWER_PREFIX + name.removesuffix("_key") for name in names}
    app.conf.broker_transport_options = {**app.conf.broker_transport_options, **own}
