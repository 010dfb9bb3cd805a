"""The gateway put together: collaborators, middleware, error table, routes."""

from __future__ import annotations

import asyncio
import os
import socket
from functools import partial
from typing import Any

import falcon.asgi
import redis

from gateway import errors
from gateway.accounts import Accounts
from gateway.auth import Authenticator
from gateway.dispatch import Dispatcher
from gateway.logins import RememberedLogins
from gateway.outcomes import Outcomes
from gateway.pressure import Pressure
from gateway.resources.authorize import AuthorizeResource
from gateway.resources.health import LiveResource, ReadyResource
from gateway.resources.models import ModelResource, ModelsResource, PromoteResource, VersionResource
from gateway.resources.tasks import ResultResource, TaskResource, TasksResource
from gateway.resources.tokens import TokenResource
from gateway.resources.work import Work
from gateway.tokens import Tokens
from gateway.waiting import Waiting
from gateway.wire import Wire
from tasks.blobs import open_blobs
from tasks.connection import connect
from tasks.contract import Kind
from tasks.history import History
from tasks.ledger import Ledger
from tasks.registry import Registry
from tasks.settings import Settings


def create_app(settings: Settings) -> falcon.asgi.App[Any, Any]:
    """The ASGI app for these settings. Nothing is connected yet. Raises SettingsError without a signing key."""
    client = connect(settings)
    ledger = Ledger(client, open_blobs(settings.blobs_url, client), settings=settings)
    registry, accounts = Registry(client), Accounts(client)
    tokens = Tokens(settings.signing_key(), life_seconds=settings.token_life_seconds)
    authenticator = Authenticator(accounts, tokens)
    wire = partial(Wire, settings.redis_url, timeout_seconds=settings.redis_timeout_seconds)
    token_resource = TokenResource(accounts, tokens)
    logins = RememberedLogins(token_resource.login)

    def forget_account(name: str) -> None:
        authenticator.forget(name)
        logins.forget(name)

    waiting = Waiting(process_name(), wire=lambda hear: wire(on_message=hear), forget_account=forget_account)
    pressure = Pressure(client, settings)
    dispatcher = Dispatcher(ledger, wire(), waiting=waiting, check=pressure.check)
    outcomes = Outcomes(ledger, History(client), waiting)
    lifespan = Lifespan(client, waiting, dispatcher=dispatcher, outcomes=outcomes, pressure=pressure)

    middleware: list[Any] = [lifespan, authenticator]
    app = falcon.asgi.App(middleware=middleware)
    errors.install(app)
    max_wait = settings.max_wait_seconds
    for kind in Kind:
        work = Work(kind, dispatcher=dispatcher, outcomes=outcomes, settings=settings)
        app.add_route(f"/v1/models/{{model}}/{kind.value}", work)
    app.add_route("/v1/token", token_resource)
    app.add_route("/internal/authorize", AuthorizeResource(authenticator, logins))
    app.add_route("/v1/tasks", TasksResource(outcomes))
    app.add_route("/v1/tasks/{handle}", TaskResource(outcomes, max_wait=max_wait))
    app.add_route("/v1/tasks/{handle}/result", ResultResource(outcomes, max_wait=max_wait))
    app.add_route("/v1/models", ModelsResource(registry))
    app.add_route("/v1/models/{model}", ModelResource(registry))
    app.add_route("/v1/models/{model}/versions/{version}", VersionResource(registry))
    app.add_route("/v1/models/{model}/versions/{version}/promote", PromoteResource(registry))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(client, waiting))
    return app


def process_name() -> str:
    """A name of this process that no other has, also not after a restart."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"


class Lifespan:
    """Starts what needs the event loop, and stops it when the last request is answered."""

    def __init__(
        self,
        client: redis.Redis,
        waiting: Waiting,
        *,
        dispatcher: Dispatcher,
        outcomes: Outcomes,
        pressure: Pressure,
    ) -> None:
        self._client = client
        self._waiting = waiting
        self._dispatcher = dispatcher
        self._outcomes = outcomes
        self._pressure = pressure

    async def process_startup(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """Subscribe to replies, watch how large the fleet is and how much waits."""
        self._waiting.start()
        self._following = [
            asyncio.create_task(self._dispatcher.follow_fleet(self._client)),
            asyncio.create_task(self._pressure.follow()),
        ]

    async def process_shutdown(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """End what was started."""
        for task in self._following:
            task.cancel()
        self._waiting.stop()
        self._outcomes.close()
