"""Who may read the metrics: accounts with `monitor`, and the networks of the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
import redis
from falcon.testing import ASGIConductor, Result

from gateway.accounts import Accounts
from gateway.app import create_app
from gateway.entrance import Networks
from gateway.passwords import Passwords
from tasks.errors import SettingsError
from tasks.settings import Settings
from tests.servers import Valkey
from tests.unit.test_authorize import basic

KEY = "k" * 32


@pytest.mark.parametrize(
    ("forwarded", "held"),
    [
        ("10.1.2.3", True),
        ("10.2.2.3", False),
        ("192.0.2.7", True),
        ("192.0.2.8", False),
        ("::ffff:10.1.2.3", True),
        ("2001:db8::5", True),
        ("2001:db9::5", False),
        # What our own proxy wrote is the last.
        ("10.1.2.3, 203.0.113.9", False),
        ("203.0.113.9, 10.1.2.3", True),
        ("", False),
        ("unix:", False),
        (None, False),
    ],
)
def test_networks(forwarded: str | None, held: bool) -> None:
    settings = Settings(metrics_networks="10.1.0.0/16, 192.0.2.7,2001:db8::/32")
    assert Networks(settings.metrics_from).hold(forwarded) is held
    assert not Networks([]).hold(forwarded)


def test_a_network_that_is_none_stops_the_start() -> None:
    with pytest.raises(SettingsError, match="MLSERVICE_METRICS_NETWORKS must be addresses or networks"):
        Settings.load({"MLSERVICE_METRICS_NETWORKS": "10.1.2.3/16"})


def ask(settings: Settings, headers: Mapping[str, str]) -> Result:
    async def get() -> Result:
        async with ASGIConductor(create_app(settings)) as conductor:
            result = await conductor.simulate_get("/metrics", headers=dict(headers))
        assert isinstance(result, Result)
        return result

    return asyncio.run(get())


def test_who_reads_the_metrics(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    accounts = Accounts(redis_client, passwords=Passwords(memory_kib=64, passes=1))
    for name, scope in (("ann", "monitor"), ("bob", "train")):
        accounts.add(name, password="open sesame", scopes=[scope])
    closed = Settings(redis_url=valkey_server.redis_url, token_key=KEY)
    opened = Settings(redis_url=valkey_server.redis_url, token_key=KEY, metrics_networks="10.0.0.0/8")
    near = {"X-Forwarded-For": "10.1.2.3"}
    for settings, headers, status in (
        (closed, {}, 401),
        (closed, near, 401),
        (opened, {}, 401),
        (opened, {"X-Forwarded-For": "192.0.2.1"}, 401),
        (opened, near, 200),
        (closed, {"Authorization": basic("ann:open sesame")}, 200),
        (closed, {"Authorization": basic("ann:wrong")}, 401),
        (closed, {"Authorization": basic("bob:open sesame")}, 403),
    ):
        result = ask(settings, headers)
        assert result.status_code == status, (settings.metrics_networks, headers)
        assert ("mlservice_leases_run_out 0.0" in result.text) == (status == 200)
        assert ("WWW-Authenticate" in result.headers) == (status == 401)
    assert ask(closed, {}).headers["WWW-Authenticate"].startswith('Bearer realm="mlservice", Basic realm="mlservice"')


def test_without_redis_there_are_none() -> None:
    settings = Settings(redis_url="redis://127.0.0.1:1/0", token_key=KEY, metrics_networks="10.0.0.0/8")
    result = ask(settings, {"X-Forwarded-For": "10.1.2.3"})
    assert result.status_code == 503
    assert result.headers["Retry-After"]
