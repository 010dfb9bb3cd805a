"""Quotas by account, on a real server."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import falcon.asgi
import pytest
import redis
from falcon.testing import ASGIConductor, Result

from gateway.identity.accounts import Accounts
from gateway.identity.auth import Authenticator, requires
from gateway.identity.callers import Callers
from gateway.identity.keys import Keys
from gateway.identity.passwords import Passwords
from gateway.identity.quotas import Quota, Quotas, Verdict
from gateway.identity.tokens import Tokens
from gateway.web.bodies import read_body
from gateway.web.errors import install
from gateway.wiring.async_redis import AsyncRedis
from tasks.contract import Kind, Lane
from tasks.ledger.counts import Refusal, refusal
from tasks.redis_keys import QUOTA_KEY
from tests.clocks import Clock
from tests.servers import Valkey, address


class Bench:
    """Quotas on a server, by a clock that is moved; each charge is for one request with a body of some size."""

    def __init__(self, server: Valkey) -> None:
        self.clock = Clock()
        self._server = server

    def run(self, script: Callable[[Quotas], Awaitable[None]]) -> None:
        """Run what charges on one event loop with one connection."""

        async def connected() -> None:
            wire = AsyncRedis(address(self._server.redis_url), timeout_seconds=5)
            try:
                await script(Quotas(wire, clock=self.clock))
            finally:
                wire.close()
                await asyncio.sleep(0)

        asyncio.run(connected())


@pytest.fixture
def bench(valkey_server: Valkey, redis_client: redis.Redis) -> Bench:
    return Bench(valkey_server)


async def admitted(quotas: Quotas, quota: Quota, *sizes: int) -> list[bool]:
    return [not (await quotas.charge("ada", quota, body_bytes=size)).wait_seconds for size in sizes]


def test_so_many_requests_a_second_and_no_more(bench: Bench) -> None:
    quota = Quota(requests_per_second=4)

    async def script(quotas: Quotas) -> None:
        assert await admitted(quotas, quota, *[0] * 6) == [True] * 4 + [False] * 2
        bench.clock.now += 0.5
        assert await admitted(quotas, quota, *[0] * 4) == [True] * 2 + [False] * 2
        bench.clock.now += 100
        assert await admitted(quotas, quota, *[0] * 6) == [True] * 4 + [False] * 2

    bench.run(script)


def test_after_the_wait_it_is_admitted(bench: Bench) -> None:
    async def script(quotas: Quotas) -> None:
        for quota, size in [(Quota(requests_per_second=3), 0), (Quota(bytes_per_second=1000), 900)]:
            while not (verdict := await quotas.charge("bob", quota, body_bytes=size)).wait_seconds:
                pass
            bench.clock.now += verdict.wait_seconds - 0.01
            assert (await quotas.charge("bob", quota, body_bytes=size)).wait_seconds
            bench.clock.now += 0.011
            assert not (await quotas.charge("bob", quota, body_bytes=size)).wait_seconds

    bench.run(script)


def test_a_body_larger_than_the_limit_passes_and_is_paid_for(bench: Bench) -> None:
    quota = Quota(bytes_per_second=1000)

    async def script(quotas: Quotas) -> None:
        assert await admitted(quotas, quota, 5000, 1) == [True, False]
        bench.clock.now += 3.9
        assert await admitted(quotas, quota, 1) == [False]
        bench.clock.now += 0.2
        assert await admitted(quotas, quota, 1) == [True]

    bench.run(script)


def test_a_refused_request_costs_nothing(bench: Bench) -> None:
    quota = Quota(requests_per_second=1, bytes_per_second=10)

    async def script(quotas: Quotas) -> None:
        assert await admitted(quotas, quota, 10, *[10] * 50) == [True, *[False] * 50]
        bench.clock.now += 1
        assert await admitted(quotas, quota, 10) == [True]

    bench.run(script)


def test_the_mean_holds_whatever_the_sizes(bench: Bench) -> None:
    quota = Quota(bytes_per_second=1000)

    async def script(quotas: Quotas) -> None:
        passed = 0
        for step in range(2000):
            size = 50 + step * 37 % 3000
            if not (await quotas.charge("ada", quota, body_bytes=size)).wait_seconds:
                passed += size
            bench.clock.now += 0.05
        assert 95_000 <= passed <= 104_000

    bench.run(script)


def test_rows_are_paid_for_after_they_were_predicted(bench: Bench, redis_client: redis.Redis) -> None:
    quota = Quota(rows_per_second=100)

    async def waits(quotas: Quotas, *, estimates: bool = True) -> float:
        return (await quotas.charge("ada", quota, body_bytes=0, estimates=estimates)).wait_seconds

    async def script(quotas: Quotas) -> None:
        assert not await waits(quotas)
        redis_client.hincrby(QUOTA_KEY.format(name="ada"), "owed", 350)
        assert await waits(quotas) == 2.5
        assert not await waits(quotas, estimates=False)
        bench.clock.now += 2.4
        assert not await waits(quotas, estimates=False)
        assert await waits(quotas) == pytest.approx(0.1)
        bench.clock.now += 0.11
        assert not await waits(quotas)

    bench.run(script)
    assert redis_client.ttl(QUOTA_KEY.format(name="ada")) > 60


def test_a_clock_that_goes_back_refuses_nobody_for_as_long(bench: Bench) -> None:
    quota = Quota(requests_per_second=2)

    async def script(quotas: Quotas) -> None:
        assert await admitted(quotas, quota, 0, 0, 0) == [True, True, False]
        bench.clock.now -= 3600
        assert await admitted(quotas, quota, 0) == [False]
        bench.clock.now += 1
        assert await admitted(quotas, quota, 0, 0, 0) == [True, True, False]

    bench.run(script)


def test_accounts_do_not_share_and_counters_end(bench: Bench, redis_client: redis.Redis) -> None:
    quota = Quota(requests_per_second=1)

    async def script(quotas: Quotas) -> None:
        for name in ("ada", "bob"):
            assert not (await quotas.charge(name, quota, body_bytes=0)).wait_seconds
            assert 0 < int(str(redis_client.ttl(QUOTA_KEY.format(name=name)))) <= 3

    bench.run(script)


def test_the_fields_say_what_is_left(bench: Bench) -> None:
    async def script(quotas: Quotas) -> None:
        both = Quota(requests_per_second=3, bytes_per_second=1000)
        verdict = await quotas.charge("ada", both, body_bytes=400)
        assert verdict == Verdict(
            0.0,
            "",
            '"requests";q=3;w=1, "bytes";q=1000;w=1;qu="content-bytes"',
            '"requests";r=2;t=1, "bytes";r=600;t=1',
        )
        full = await quotas.charge("ada", both, body_bytes=700)
        assert full.wait_seconds == 0.1
        assert full.reached == "1000 bytes of bodies a second"
        assert full.remaining == '"requests";r=2;t=1, "bytes";r=600;t=1'

    bench.run(script)


class Resource:
    """A route that reads its body, and admits its caller twice."""

    @requires("train")
    @requires()
    async def on_post(self, req: falcon.asgi.Request, resp: falcon.asgi.Response) -> None:
        resp.media = len(await read_body(req, limit=10_000))


def test_a_route_refuses_with_the_pause_and_the_fields(valkey_server: Valkey, redis_client: redis.Redis) -> None:
    accounts = Accounts(redis_client, passwords=Passwords(memory_kib=64, passes=1))
    tokens = Tokens(Keys(shared="k" * 32), life_seconds=60)
    series = {
        name: accounts.add(name, password="correct horse", scopes=["train"]).series for name in ("ada", "bob", "cyd")
    }
    accounts.change("ada", limits={"requests_per_second": 2})
    accounts.change("bob", limits={"requests_per_second": 0})
    answers: dict[str, list[Result]] = {}
    counted: list[str] = []

    async def ask() -> None:
        wire = AsyncRedis(address(valkey_server.redis_url), timeout_seconds=5)
        callers = Callers(accounts, tokens, quota=Quota(requests_per_second=3))
        app: falcon.asgi.App[Any, Any] = falcon.asgi.App(
            middleware=[Authenticator(callers, quotas=Quotas(wire, clock=Clock()), count=counted.append)]
        )
        install(app)
        app.add_route("/", Resource())
        async with ASGIConductor(app) as conductor:
            for name, lane in (("ada", "none"), ("bob", "low"), ("cyd", "high")):
                token = tokens.issue(name, ["train"], series=series[name]).access_token
                headers = {"Authorization": f"Bearer {token}"}
                query = {"lane": lane}
                answers[name] = [
                    await conductor.simulate_request("POST", "/", params=query, headers=headers, body=b"x")
                    for _ in range(5)
                ]
        wire.close()
        await asyncio.sleep(0)

    asyncio.run(ask())
    assert [answer.status_code for answer in answers["ada"]] == [200, 200, 429, 429, 429]
    assert [answer.status_code for answer in answers["bob"]] == [200] * 5
    assert [answer.status_code for answer in answers["cyd"]] == [200, 200, 200, 429, 429]
    refused = answers["ada"][2]
    assert refused.headers["retry-after"] == "1"
    assert refused.headers["ratelimit-policy"] == '"requests";q=2;w=1'
    assert re.fullmatch(r'"requests";r=0;t=1', refused.headers["ratelimit"])
    assert "2 requests a second" in refused.json["detail"]
    assert answers["ada"][0].headers["ratelimit"] == '"requests";r=1;t=1'
    assert "ratelimit" not in answers["bob"][0].headers
    assert (
        counted
        == [refusal(Kind.TRAIN, Lane.NORMAL, Refusal.QUOTA)] * 3 + [refusal(Kind.TRAIN, Lane.HIGH, Refusal.QUOTA)] * 2
    )
