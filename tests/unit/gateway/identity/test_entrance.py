"""Who may read the metrics: accounts with `monitor`, and the networks of the settings."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import pytest
import redis
from falcon.testing import ASGIConductor, Result

from gateway.app import create_app
from gateway.identity.accounts import Accounts
from gateway.identity.entrance import Networks
from gateway.identity.login_throttle import FREE_PAIR
from gateway.identity.passwords import Passwords
from tasks.config.settings import Settings
from tasks.errors import SettingsError
from tests.servers import Valkey
from tests.unit.gateway.resources.test_authorize import basic

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


def many(settings: Settings, authorization: str, *, path: str = "/metrics", times: int) -> list[Result]:
    """The answers of one gateway, one after the other."""

    answers: list[Result] = []

    async def get() -> None:
        async with ASGIConductor(create_app(settings)) as conductor:
            headers = {"Authorization": authorization}
            answers.extend([await conductor.simulate_get(path, headers=headers) for _ in range(times)])

    asyncio.run(get())
    return answers


def test_a_login_that_has_to_wait_is_told_how_long(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    settings = Settings(redis_url=valkey_server.redis_url, token_key=KEY)
    answers = many(settings, basic("nobody:x"), times=FREE_PAIR + 1)
    assert [answer.status_code for answer in answers] == [401] * FREE_PAIR + [429]
    assert answers[-1].headers["Retry-After"] == "1"
    # NGINX makes a 500 of what is neither 401 nor 403.
    (refused,) = many(settings, basic("nobody:x"), path="/internal/authorize?scope=monitor", times=1)
    assert refused.status_code == 403


def test_a_password_is_charged_as_a_token_is(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    accounts = Accounts(redis_client, passwords=Passwords(memory_kib=64, passes=1))
    accounts.add("ann", password="open sesame", scopes=["monitor"])
    settings = Settings(redis_url=valkey_server.redis_url, token_key=KEY, quota_requests_per_second=1000)
    (free,) = many(settings, basic("ann:open sesame"), times=1)
    assert free.headers["RateLimit-Policy"] == '"requests";q=1000;w=1'
    accounts.change("ann", limits={"requests_per_second": 1})
    answers = many(settings, basic("ann:open sesame"), times=6)
    assert answers[0].status_code == 200
    limited = [answer for answer in answers if answer.status_code == 429]
    assert limited
    assert limited[0].headers["Retry-After"] == "1"
    assert "has used its quota of 1 requests a second" in limited[0].json["detail"]


def test_without_redis_there_are_none() -> None:
    settings = Settings(redis_url="redis://127.0.0.1:1/0", token_key=KEY, metrics_networks="10.0.0.0/8")
    result = ask(settings, {"X-Forwarded-For": "10.1.2.3"})
    assert result.status_code == 503
    assert result.headers["Retry-After"]
