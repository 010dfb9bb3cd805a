"""The gateway put together: collaborators, middleware, error table, routes."""

from __future__ import annotations

import asyncio
import logging
import os
import socket
from collections.abc import Callable, Coroutine, Sequence
from functools import partial
from typing import Any

import falcon.asgi

from gateway.commit.dispatch import Dispatcher
from gateway.commit.following import Follower
from gateway.commit.outcomes import Outcomes
from gateway.commit.waiting import Waiting
from gateway.identity.accounts import Accounts
from gateway.identity.auth import Authenticator
from gateway.identity.callers import Callers
from gateway.identity.entrance import Entrance, Networks
from gateway.identity.keys import open_keys
from gateway.identity.login_throttle import Attempts
from gateway.identity.logins import RememberedLogins
from gateway.identity.oidc import open_outside
from gateway.identity.quotas import LIMITS, Quota, Quotas
from gateway.identity.tokens import Tokens
from gateway.metrics.exposition import ServiceCollector
from gateway.metrics.measures import Gauge
from gateway.metrics.tally import Tally
from gateway.resources.authorize import AuthorizeBodyResource, AuthorizeResource
from gateway.resources.dead import DeadLetterResource, DeadLettersResource, ReplayResource
from gateway.resources.docs import AssetResource, DefinitionResource, DocsResource
from gateway.resources.events import EventsResource
from gateway.resources.flower import FlowerSessionResource
from gateway.resources.health import LiveResource, ReadyResource
from gateway.resources.metrics import MetricsResource
from gateway.resources.models import ModelResource, ModelsResource, PromoteResource, ReportResource, VersionResource
from gateway.resources.original import AuthResource, InitResource, OriginalErrors, PredictResource, StatusResource
from gateway.resources.queues import QueuesResource
from gateway.resources.tasks import ResultResource, TaskResource, TasksResource
from gateway.resources.tokens import KeysResource, TokenResource
from gateway.resources.work import Work
from gateway.web import errors
from gateway.web.tracing import Tracing
from gateway.wiring.async_redis import Wire
from gateway.wiring.circuit_breaker import Circuit, GuardedRedis
from tasks.config.settings import Settings
from tasks.contract import Kind
from tasks.ledger.backpressure import Pressure
from tasks.ledger.dead_letters import DeadLetters
from tasks.ledger.history import History
from tasks.ledger.store import Ledger
from tasks.registry.models_registry import Registry
from tasks.storage.connection import connect
from tasks.storage.stores import open_blobs
from tasks.telemetry.tracing import open_traces

log = logging.getLogger(__name__)


class Gateway(falcon.asgi.App[Any, Any]):
    """The app, and what its server tells it."""

    waiting: Waiting
    follower: Follower

    def let_go(self) -> None:
        """The process ends: answer the requests that wait for their work, end streams."""
        self.waiting.let_go()
        self.follower.let_go()


def create_app(settings: Settings) -> Gateway:
    """The ASGI app for these settings. Nothing is connected yet. Raises SettingsError without a signing key."""
    circuit = Circuit()
    client = GuardedRedis(connect(settings), circuit)
    blobs = open_blobs(settings.blobs_url, client)
    ledger = Ledger(client, blobs, settings=settings)
    registry, accounts = Registry(client), Accounts(client)
    keys = open_keys(settings)
    tokens = Tokens(keys, life_seconds=settings.token_life_seconds)
    wire = partial(Wire, settings.redis_url, timeout_seconds=settings.redis_timeout_seconds, circuit=circuit)
    quota = Quota(**{limit: getattr(settings, f"quota_{limit}") for limit in LIMITS})
    charging, accepting = wire(), wire()
    callers, quotas = Callers(accounts, tokens, outside=open_outside(settings), quota=quota), Quotas(charging)
    tally = Tally(client)
    authenticator = Authenticator(callers, quotas=quotas, count=tally.count)
    token_resource = TokenResource(accounts, tokens, Attempts(client), count=tally.count)
    logins = RememberedLogins(token_resource.login)
    entrance = Entrance(authenticator, logins)

    def forget_account(name: str) -> None:
        log.info("an account or a token has changed: %s", name)
        authenticator.forget(name)
        logins.forget(name)

    waiting = Waiting(process_name(), wire=lambda hear: wire(on_message=hear), forget_account=forget_account)
    pressure = Pressure(client, settings, count=tally.count)
    traces = open_traces(settings, "gateway")
    dispatcher = Dispatcher(ledger, accepting, waiting=waiting, check=pressure.check, count=tally.count, traces=traces)
    outcomes = Outcomes(ledger, History(client), waiting)
    follower = Follower(client)
    letters = DeadLetters(client, ledger, settings=settings)
    lifespan = Lifespan(
        waiting,
        following=(partial(dispatcher.follow_fleet, client), pressure.follow, follower.follow, tally.follow),
        closing=(tally.write, outcomes.close, charging.close, accepting.close, client.close, traces.close),
    )

    middleware: list[Any] = [lifespan, authenticator, OriginalErrors()]
    if traces.on:
        middleware.insert(0, Tracing(traces))
    app = Gateway(middleware=middleware)
    app.waiting, app.follower = waiting, follower
    errors.install(app)
    max_wait = settings.max_wait_seconds
    for kind in Kind:
        work = Work(kind, dispatcher=dispatcher, outcomes=outcomes, settings=settings)
        app.add_route(f"/v1/models/{{model}}/{kind.value}", work)
    app.add_route("/v1/token", token_resource)
    app.add_route("/v1/flower/session", FlowerSessionResource(accounts, tokens))
    app.add_route("/.well-known/jwks.json", KeysResource(keys))
    app.add_route("/internal/authorize", AuthorizeResource(entrance))
    app.add_route("/internal/authorize/body", AuthorizeBodyResource(authenticator))
    networks = Networks(settings.metrics_from)
    gauge = Gauge(client)
    app.add_route("/metrics", MetricsResource(ServiceCollector(gauge.read), entrance, networks))
    app.add_route("/v1/tasks", TasksResource(outcomes))
    app.add_route("/v1/tasks/{handle}", TaskResource(outcomes, max_wait=max_wait))
    app.add_route("/v1/tasks/{handle}/events", EventsResource(outcomes, follower))
    app.add_route("/v1/tasks/{handle}/result", ResultResource(outcomes, max_wait=max_wait))
    app.add_route("/v1/queues", QueuesResource(gauge))
    app.add_route("/v1/dead", DeadLettersResource(letters))
    app.add_route("/v1/dead/{handle}", DeadLetterResource(letters))
    app.add_route("/v1/dead/{handle}/replay", ReplayResource(letters, pressure))
    app.add_route("/v1/models", ModelsResource(registry))
    app.add_route("/v1/models/{model}", ModelResource(registry))
    app.add_route("/v1/models/{model}/versions/{version}", VersionResource(registry))
    app.add_route("/v1/models/{model}/versions/{version}/report", ReportResource(registry, blobs))
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

    def __init__(
        self,
        waiting: Waiting,
        *,
        following: Sequence[Callable[[], Coroutine[Any, Any, None]]],
        closing: Sequence[Callable[[], None]],
    ) -> None:
        self._waiting = waiting
        self._following = following
        self._closing = closing

    async def process_startup(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """Subscribe to replies, and follow what changes."""
        self._waiting.start()
        self._tasks = [asyncio.create_task(follow()) for follow in self._following]

    async def process_shutdown(self, _scope: dict[str, Any], _event: dict[str, Any]) -> None:
        """End what was started."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._waiting.stop()
        for close in self._closing:
            close()
        # Connections end in the next turn of the loop.
        await asyncio.sleep(0)
