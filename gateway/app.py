"""The gateway put together: middleware, error table, routes."""

from __future__ import annotations

from functools import partial
from typing import Any

import falcon.asgi

from gateway.collaborators import Collaborators, open_collaborators
from gateway.commit.following import Follower
from gateway.commit.waiting import Waiting
from gateway.routes import routes
from gateway.serving.fast_path import FastPath
from gateway.web import errors
from gateway.web.head import give_head
from gateway.web.lifespan import Lifespan
from gateway.web.mannered import Mannered
from gateway.web.tracing import Tracing
from gateway.wiring.looking import look_again
from tasks.config.settings import Settings
from tasks.storage.redis_clock import LOOK_SECONDS


class Gateway(falcon.asgi.App[Any, Any]):
    """The app, what its server tells it, and what its server takes without it."""

    fast_path: FastPath
    waiting: Waiting
    follower: Follower

    def let_go(self) -> None:
        """The process ends: answer the requests that wait for their work, end streams."""
        self.waiting.let_go()
        self.follower.let_go()


def create_app(settings: Settings) -> Gateway:
    """The ASGI app for these settings. Nothing is connected yet. Raises SettingsError without a signing key."""
    parts = open_collaborators(settings)
    app = Gateway(middleware=middleware(parts))
    app.waiting, app.follower = parts.waiting, parts.follower
    app.fast_path = FastPath(
        parts.known, parts.dispatcher, parts.waiting, longest=settings.max_body_bytes, root=settings.root_path
    )
    errors.install(app)
    for path, resource in routes(parts).items():
        give_head(resource)
        app.add_route(path, resource)
    return app


def middleware(parts: Collaborators) -> list[Any]:
    """What sees every request, from the outside in."""
    connections, tally = parts.connections, parts.connections.tally
    lifespan = Lifespan(
        start=parts.waiting.start,
        stop=parts.waiting.stop,
        following=(
            partial(parts.dispatcher.follow_fleet, connections.client),
            parts.pressure.follow,
            parts.follower.follow,
            partial(look_again, (parts.upkeep_age.see, parts.clock.look), seconds=LOOK_SECONDS),
            tally.follow,
            parts.hooks.begin,
        ),
        closing=(
            tally.write,
            parts.outcomes.close,
            connections.charging.close,
            connections.accepting.close,
            connections.client.close,
            parts.traces.close,
        ),
    )
    tracing = [Tracing(parts.traces)] if parts.traces.on else []
    return [*tracing, lifespan, parts.identity.authenticator, Mannered()]
