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
from gateway.outcomes import Outcomes
from gateway.resource_v0 import AuthResource, InitResource, OriginalErrors, PredictResource, StatusResource
from gateway.resources.docs import AssetResource, DefinitionResource, DocsResource
from gateway.resources.health import LiveResource, ReadyResource
from gateway.resources.models import ModelResource, ModelsResource, PromoteResource, VersionResource
from gateway.resources.tasks import ResultResource, TaskResource
from gateway.resources.tokens import TokenResource
from gateway.resources.work import Work
from gateway.tokens import Tokens
from gateway.waiting import Waiting
from gateway.wire import Wire
from tasks.blobs import open_blobs
from tasks.connection import connect
from tasks.contract import Kind
from tasks.ledger import Ledger
from tasks.registry import Registry
from tasks.settings import Settings


def create_app(settings: Settings) -> falcon.asgi.App[Any, Any]:
    """The ASGI app for these settings. Nothing is connected yet. Raises SettingsError without a signing key."""
    client = connect(settings)
    ledger = Ledger(client, open_blobs(settings.blobs_url, client), inline_bytes=settings.inline_bytes)
    registry, accounts = Registry(client), Accounts(client)
    tokens = Tokens(settings.signing_key(), life_seconds=settings.token_life_seconds)
    authenticator = Authenticator(accounts, tokens)
    wire = partial(Wire, settings.redis_url, timeout_seconds=settings.redis_timeout_seconds)
    waiting = Waiting(process_name(), wire=lambda hear: wire(on_message=hear), forget_account=authenticator.forget)
    token_resource = TokenResource(accounts, tokens)
    dispatcher, outcomes = Dispatcher(ledger, wire(), waiting=waiting), Outcomes(ledger, waiting)
    lifespan = Lifespan(client, waiting, dispatcher=dispatcher, outcomes=outcomes)

    middleware: list[Any] = [lifespan, authenticator, OriginalErrors()]
    app = falcon.asgi.App(middleware=middleware)
    errors.install(app)
    max_wait, max_body = settings.max_wait_seconds, settings.max_body_bytes
    for kind in Kind:
        work = Work(kind, dispatcher=dispatcher, outcomes=outcomes, max_body=max_body, max_wait=max_wait)
        app.add_route(f"/v1/models/{{model}}/{kind.value}", work)
    app.add_route("/v1/token", token_resource)
    app.add_route("/v1/tasks/{handle}", TaskResource(outcomes, max_wait=max_wait))
    app.add_route("/v1/tasks/{handle}/result", ResultResource(outcomes, max_wait=max_wait))
    app.add_route("/v1/models", ModelsResource(registry))
    app.add_route("/v1/models/{model}", ModelResource(registry))
    app.add_route("/v1/models/{model}/versions/{version}", VersionResource(registry))
    app.add_route("/v1/models/{model}/versions/{version}/promote", PromoteResource(registry))
    app.add_route("/resource/auth", AuthResource(token_resource))
    app.add_route("/resource/init", InitResource(settings, dispatcher=dispatcher, outcomes=outcomes))
    app.add_route("/resource/predict", PredictResource(settings, dispatcher=dispatcher, outcomes=outcomes))
    app.add_route("/resource/task/status/{task_id}", StatusResource(outcomes))
    app.add_route("/health/live", LiveResource())
    app.add_route("/health/ready", ReadyResource(client, waiting))
    app.add_route("/openapi.yml", DefinitionResource())
    app.add_route("/docs", DocsResource())
    app.add_route("/docs/{asset}", AssetResource())
    return app


def process_name() -> str:
    """A name of this process that no other has, also not after a restart."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"


class Lifespan:
    """Starts what needs the event loop, and stops it when the last request is answered."""

    def __init__(self, client: redis.Redis, waiting: Waiting, *, dispatcher: Dispatcher, outcomes: Outcomes) -> None:
        self._client = client
        self._waiting = waiting
        self._dispatcher = dispatcher
        self._outcomes = outcomes

    async def process_startup(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """Subscribe to replies and watch how large the fleet is."""
        self._waiting.start()
        self._sizing = asyncio.create_task(self._dispatcher.follow_fleet(self._client))

    async def process_shutdown(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """End what was started."""
        self._sizing.cancel()
        self._waiting.stop()
        self._outcomes.close()
