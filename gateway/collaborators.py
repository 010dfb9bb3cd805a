"""The objects that one gateway process is made of, put together from its settings."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import redis

from gateway.commit.dispatch import Dispatcher
from gateway.commit.following import Follower
from gateway.commit.known_requests import KnownRequests
from gateway.commit.outcomes import Outcomes
from gateway.commit.waiting import Waiting
from gateway.identity.accounts import Accounts
from gateway.identity.auth import Authenticator
from gateway.identity.callers import Callers
from gateway.identity.entrance import Entrance
from gateway.identity.keys import Keys, open_keys
from gateway.identity.login_throttle import LoginThrottle
from gateway.identity.logins import RememberedLogins
from gateway.identity.oidc import open_issuer
from gateway.identity.quotas import LIMITS, Quota, Quotas
from gateway.identity.tokens import Tokens
from gateway.metrics.tally import Tally
from gateway.metrics.upkeep_age import UpkeepAge
from gateway.resources.hooks import Hooks
from gateway.resources.tokens import TokenResource
from gateway.wiring.async_redis import AsyncRedis
from gateway.wiring.circuit_breaker import CircuitBreaker, GuardedRedis
from gateway.wiring.confirmed_redis import ConfirmedRedis
from tasks.config.settings import Settings
from tasks.ledger.backpressure import Backpressure
from tasks.ledger.history import History
from tasks.ledger.store import Ledger
from tasks.storage.blobs import Blobs
from tasks.storage.connection import connect
from tasks.storage.redis_clock import RedisClock
from tasks.storage.replicas import replicas_of
from tasks.storage.stores import blobs_of
from tasks.telemetry.traces import Traces
from tasks.telemetry.tracing import open_traces
from tasks.webhooks.journal import Journal
from tasks.webhooks.store import Webhooks

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Connections:
    """The one Redis, for threads and for the event loop; all of them share the circuit breaker."""

    client: redis.Redis
    #: Makes a connection for the event loop.
    wire: Callable[..., AsyncRedis]
    #: One for quotas and one for groups, so that neither waits for the other's answer.
    charging: AsyncRedis
    accepting: AsyncRedis
    blobs: Blobs
    #: Counters that are written once a second.
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class Identity:
    """Who is calling."""

    accounts: Accounts
    keys: Keys
    tokens: Tokens
    callers: Callers
    authenticator: Authenticator
    #: The route that checks passwords; whoever else has one to check asks it.
    login: TokenResource
    remembered: RememberedLogins
    entrance: Entrance
    #: Whether an outside issuer says who may call.
    outside: bool

    def has_callers(self) -> bool:
        """Whether somebody may call: by an account, or by the word of an outside issuer."""
        return self.outside or self.accounts.has_any()

    def forget_account(self, name: str) -> None:
        """An account or one of its tokens has changed: what is remembered of it is no longer true."""
        log.info("an account or a token has changed: %s", name)
        self.authenticator.forget(name)
        self.remembered.forget(name)


@dataclass(frozen=True, kw_only=True)
class Collaborators:
    """Everything that routes are given."""

    settings: Settings
    connections: Connections
    identity: Identity
    ledger: Ledger
    waiting: Waiting
    pressure: Backpressure
    dispatcher: Dispatcher
    known: KnownRequests
    outcomes: Outcomes
    follower: Follower
    upkeep_age: UpkeepAge
    clock: RedisClock
    traces: Traces
    hooks: Hooks


def open_connections(settings: Settings) -> Connections:
    """The connections for these settings. Nothing is connected yet."""
    circuit = CircuitBreaker()
    client = GuardedRedis(connect(settings), circuit)
    how: dict[str, Any] = {"timeout_seconds": settings.redis_timeout_seconds, "circuit": circuit}
    wire = partial(AsyncRedis, settings.store, **how)
    replicas = replicas_of(settings)
    accepting = wire() if replicas is None else ConfirmedRedis(settings.store, replicas=replicas, **how)
    blobs = blobs_of(settings, client)
    return Connections(client=client, wire=wire, charging=wire(), accepting=accepting, blobs=blobs, tally=Tally(client))


def open_identity(settings: Settings, connections: Connections) -> Identity:
    """Who may call, by these settings. Raises SettingsError without a signing key."""
    client, count = connections.client, connections.tally.count
    accounts, keys = Accounts(client), open_keys(settings)
    tokens = Tokens(keys, life_seconds=settings.token_life_seconds)
    quota = Quota(**{limit: getattr(settings, f"quota_{limit}") for limit in LIMITS})
    callers = Callers(accounts, tokens, outside=open_issuer(settings), quota=quota)
    authenticator = Authenticator(callers, quotas=Quotas(connections.charging), count=count)
    login = TokenResource(accounts, tokens, LoginThrottle(client), count=count)
    remembered = RememberedLogins(login.login)
    return Identity(
        accounts=accounts,
        keys=keys,
        tokens=tokens,
        callers=callers,
        authenticator=authenticator,
        login=login,
        remembered=remembered,
        entrance=Entrance(authenticator, remembered),
        outside=bool(settings.oidc_issuer),
    )


def open_collaborators(settings: Settings) -> Collaborators:
    """All of them. Nothing is connected yet. Raises SettingsError without a signing key."""
    connections = open_connections(settings)
    client, wire, count = connections.client, connections.wire, connections.tally.count
    identity = open_identity(settings, connections)
    ledger = Ledger(client, connections.blobs, settings=settings)
    history = History(client)
    follower = Follower(history.look)

    def forget(name: str) -> None:
        identity.forget_account(name)
        # Streams that may no longer be watched end at once.
        follower.nudge()

    waiting = Waiting(process_name(), wire=lambda hear: wire(on_message=hear), forget_account=forget)
    pressure = Backpressure(client, settings, count=count)
    traces = open_traces(settings, "gateway")
    dispatcher = Dispatcher(
        ledger, connections.accepting, waiting=waiting, check=pressure.check, count=count, traces=traces
    )
    return Collaborators(
        settings=settings,
        connections=connections,
        identity=identity,
        ledger=ledger,
        waiting=waiting,
        pressure=pressure,
        dispatcher=dispatcher,
        known=KnownRequests(identity.callers.remembered),
        outcomes=Outcomes(ledger, history, waiting, follower),
        follower=follower,
        upkeep_age=UpkeepAge(client),
        clock=RedisClock(client),
        traces=traces,
        hooks=Hooks(Webhooks(client, settings), Journal(client), settings),
    )


def process_name() -> str:
    """A name of this process that no other has, also not after a restart."""
    return f"{socket.gethostname()}-{os.getpid()}-{os.urandom(4).hex()}"
