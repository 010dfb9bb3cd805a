"""TLS to Redis: each client of ours verifies whom it speaks to, and shows who it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest
import redis
from kombu.exceptions import OperationalError

from gateway.wiring.async_redis import AsyncRedis
from tasks.app import create_app
from tasks.config.settings import Settings
from tasks.storage.connection import connect, connect_broker, listener
from tests.own_redis import Certificates, RedisNode, make_certificates

pytestmark = pytest.mark.integration


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    return make_certificates(tmp_path_factory.mktemp("certificates"))


@pytest.fixture(scope="module")
def secure(certificates: Certificates) -> Iterator[RedisNode]:
    """It asks its clients for certificates."""
    with RedisNode("--tls-auth-clients", "yes", certificates=certificates, password="secret") as server:
        yield server


@pytest.fixture(scope="module")
def misnamed(certificates: Certificates) -> Iterator[RedisNode]:
    """Its certificate is another host's."""
    certificate, key = map(str, certificates.pair("other"))
    options = ("--tls-cert-file", certificate, "--tls-key-file", key, "--tls-auth-clients", "no")
    with RedisNode(*options, certificates=certificates, reachable=False) as server:
        yield server


def settings_for(server: RedisNode, certificates: Certificates, *, shows: str = "client", **values: str) -> Settings:
    certificate, key = map(str, certificates.pair(shows))
    named = {"ca_file": str(certificates.authority), "cert_file": certificate, "key_file": key, **values}
    given = {f"MLSERVICE_REDIS_TLS_{name.upper()}": value for name, value in named.items() if value}
    return Settings.load({"REDIS_URL": server.redis_url, **given})


def by_wire(settings: Settings) -> bool:
    async def asked() -> bool:
        wire = AsyncRedis(settings.store, timeout_seconds=5)
        try:
            return bool(await wire.call("PING") == b"PONG")
        finally:
            wire.close()

    return asyncio.run(asked())


def by_kombu(settings: Settings) -> bool:
    connection: Any
    with create_app(settings).connection_for_write() as connection:
        connection.ensure_connection(max_retries=1, interval_start=0)
        return bool(connection.default_channel.client.ping())


def by_client(make: Callable[[Settings], redis.Redis]) -> Callable[[Settings], bool]:
    def asked(settings: Settings) -> bool:
        with make(settings) as client:
            return bool(client.ping())

    return asked


#: Each client of ours.
CLIENTS: Final[dict[str, Callable[[Settings], bool]]] = {
    "connect": by_client(connect),
    "broker": by_client(connect_broker),
    "listener": by_client(listener),
    "wire": by_wire,
    "kombu": by_kombu,
    "results": lambda settings: bool(create_app(settings).backend.client.ping()),
}
#: What they raise.
REFUSALS: Final = (redis.RedisError, OSError, OperationalError)
each_client = pytest.mark.parametrize("asked", CLIENTS.values(), ids=CLIENTS)


@each_client
def test_redis_is_verified_and_is_shown_who_asks(
    asked: Callable[[Settings], bool], secure: RedisNode, certificates: Certificates
) -> None:
    assert asked(settings_for(secure, certificates))


@each_client
def test_another_authority_is_not_believed(
    asked: Callable[[Settings], bool], secure: RedisNode, certificates: Certificates, tmp_path: Path
) -> None:
    others = make_certificates(tmp_path)
    with pytest.raises(REFUSALS, match="certificate verify failed"):
        asked(settings_for(secure, certificates, ca_file=str(others.authority)))


@each_client
def test_another_host_is_not_believed_but_by_the_setting(
    asked: Callable[[Settings], bool], misnamed: RedisNode, certificates: Certificates
) -> None:
    with pytest.raises(REFUSALS, match="IP address mismatch"):
        asked(settings_for(misnamed, certificates))
    assert asked(settings_for(misnamed, certificates, verify="chain"))
    assert asked(settings_for(misnamed, certificates, ca_file="", verify="none"))
