"""A request's trace leads from its caller through the gateway to the worker, and only where it is asked for."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any, Final

import httpx
import pytest
import redis
from falcon.testing import ASGIConductor

from gateway.app import create_app
from gateway.identity.accounts import Accounts
from gateway.identity.keys import Keys
from gateway.identity.passwords import Passwords
from gateway.identity.tokens import Tokens
from tasks.config.settings import Settings
from tasks.ledger.groups import read_heads
from tasks.redis_keys import GROUP_KEY
from tests.collector import Collector, Seen
from tests.harmful import SETTING
from tests.servers import Valkey
from tests.service import Service
from tests.site import Site

MODEL: Final = "traced"
ROWS: Final = {"rows": [{"x": x, "y": 2 * x} for x in range(50)]}
#: What the caller's own step is called in a `traceparent`.
CALLER: Final = "00f067aa0ba902b7"
NANO: Final = 10**9
#: The gateway's key, where it runs in this process.
KEY: Final = "k" * 32


@pytest.fixture(scope="module")
def collector() -> Iterator[Collector]:
    with Collector() as running:
        yield running


@pytest.fixture(scope="module")
def stack(collector: Collector, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    env = {**SETTING, "MLSERVICE_TRACES_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "100"}
    with Service(env=env, within=tmp_path_factory.mktemp("traces")) as service:
        assert service.init(MODEL, ROWS, target="y", estimator="harmful").status_code == 200
        assert service.train(MODEL).status_code == 200
        yield service


def new_trace() -> str:
    return os.urandom(16).hex()


def post(service: Service, kind: str, body: dict[str, Any], *, trace: str, flags: str = "01") -> httpx.Response:
    headers = {"traceparent": f"00-{trace}-{CALLER}-{flags}", "Prefer": "wait=30", "X-Request-Id": f"id-{trace}"}
    return service.http.post(f"/v1/models/{MODEL}/{kind}", json=body, headers=headers)


def within(inner: Seen, outer: Seen) -> bool:
    """Whether one span is a child of the other and lies in its time."""
    return inner.parent == outer.id and outer.begun <= inner.begun <= inner.ended <= outer.ended


@pytest.mark.integration
def test_the_trace_of_an_estimate(stack: Service, collector: Collector) -> None:
    trace, before = new_trace(), time.time_ns()
    answer = post(stack, "estimate", {"rows": [[3.0], [4.0]]}, trace=trace)
    assert answer.json()["predictions"] == [6.0, 8.0]
    task = answer.headers["Location"].rsplit("/", 1)[1]
    route = "POST /v1/models/{model}/estimate"
    spans = collector.trace(trace, route, "submit", "estimate", "group estimate", "claim", "predict", "finish")
    request, submit, item, group = (spans[name] for name in (route, "submit", "estimate", "group estimate"))
    assert request.parent == CALLER
    assert (request.service, item.service) == ("mlservice-gateway", "mlservice-worker")
    assert request.attributes["http.response.status_code"] == 200
    assert within(submit, request)
    about = {"mlservice.model": MODEL, "mlservice.lane": "normal", "mlservice.kind": "estimate"}
    about["mlservice.task_id"] = task
    assert about.items() <= submit.attributes.items()
    # The worker may begin before the gateway hears that the work is accepted.
    assert item.parent == submit.id
    assert request.begun <= item.begun
    assert {**about, "mlservice.version": 1, "mlservice.state": "succeeded"}.items() <= item.attributes.items()
    assert within(group, item)
    assert group.links == [submit.id]
    assert group.attributes["mlservice.items"] == 1
    predict = spans["predict"]
    said = {"mlservice.model": MODEL, "mlservice.version": 1, "mlservice.rows": 2}
    assert said.items() <= predict.attributes.items()
    assert all(within(spans[name], group) for name in ("claim", "predict", "finish"))
    assert before <= request.begun <= request.ended <= time.time_ns()


@pytest.mark.integration
def test_the_trace_of_a_train_and_of_a_failure(stack: Service, collector: Collector) -> None:
    trace, failing = new_trace(), new_trace()
    answer = post(stack, "train", {"params": {"seconds": 0.3}}, trace=trace)
    assert answer.status_code == 200
    assert post(stack, "train", {"params": {"factor": "secret"}}, trace=failing).status_code == 500
    spans = collector.trace(
        trace, "POST /v1/models/{model}/train", "train", "group train", "fit", "measure", "store", "report"
    )
    fit = spans["fit"]
    assert within(fit, spans["group train"])
    assert 0.3 <= (fit.ended - fit.begun) / NANO <= spans["train"].ended / NANO
    assert {"mlservice.model": MODEL, "mlservice.estimator": "harmful"}.items() <= fit.attributes.items()
    assert fit.attributes["mlservice.rows"] > 0
    assert spans["store"].attributes["mlservice.version"] == answer.json()["version"]
    failed = collector.trace(failing, "POST /v1/models/{model}/train", "train", "fit")
    assert all(failed[name].failed for name in ("POST /v1/models/{model}/train", "train", "fit"))
    assert failed["train"].attributes["mlservice.state"] == "failed"
    assert "secret" not in repr(failed)


@pytest.mark.integration
def test_only_what_is_sampled_is_traced(stack: Service, collector: Collector) -> None:
    unsampled, last = new_trace(), new_trace()
    assert post(stack, "estimate", {"rows": [[1.0]]}, trace=unsampled, flags="00").status_code == 200
    for wrong in ("no-trace", "00-" + "0" * 32 + f"-{CALLER}-01", "é"):
        headers = {b"traceparent": wrong.encode(), b"Prefer": b"wait=30"}
        answer = stack.http.post(f"/v1/models/{MODEL}/estimate", json={"rows": [[1.0]]}, headers=headers)
        assert answer.status_code == 200
    assert post(stack, "estimate", {"rows": [[1.0]]}, trace=last).status_code == 200
    collector.trace(last, "estimate", "finish")
    requests = [span for span in collector.spans if span.name.startswith("POST ")]
    assert all(span.parent == CALLER and span.trace != unsampled for span in requests)


@pytest.mark.integration
@pytest.mark.parametrize("part", [0.0, 1.0])
def test_a_part_of_what_nobody_traces_is_traced(valkey_server: Valkey, redis_client: redis.Redis, part: float) -> None:
    account = Accounts(redis_client, passwords=Passwords(memory_kib=64, passes=1)).add(
        "ada", password="correct horse", scopes=["estimate", "tasks:read"]
    )
    tokens = Tokens(Keys(shared=KEY), life_seconds=60)
    token = tokens.issue("ada", account.scopes, series=account.series).access_token

    async def ask(url: str) -> str:
        settings = Settings(redis_url=valkey_server.redis_url, token_key=KEY, traces_endpoint=url, traces_part=part)
        headers, route = {"Authorization": f"Bearer {token}"}, f"/v1/models/{MODEL}/estimate"
        async with ASGIConductor(create_app(settings)) as conductor:
            unwanted = {**headers, "traceparent": f"00-{new_trace()}-{CALLER}-00"}
            assert (await conductor.simulate_post(route, json={}, headers=unwanted)).status_code == 202
            assert (await conductor.simulate_get("/v1/tasks", headers=headers)).status_code == 200
            answer = await conductor.simulate_post(route, json={}, headers=headers)
            assert answer.status_code == 202
        return str(answer.json["id"])

    # What the gateway has kept is sent when it ends.
    with Collector() as own:
        task = asyncio.run(ask(own.url))
    found: Any = redis_client.hget(GROUP_KEY.format(group=task.partition("-")[0]), "heads")
    (head,) = read_heads(found)
    if not part:
        assert (own.spans, head.trace) == ([], "")
        return
    submit, request = own.spans
    assert (request.name, request.parent) == ("POST /v1/models/{model}/estimate", "")
    assert (submit.name, submit.parent, submit.trace) == ("submit", request.id, request.trace)
    # The worker goes on with that trace.
    assert head.trace == f"00-{submit.trace}-{submit.id}-01"


@pytest.mark.integration
def test_a_group_has_links_to_all_of_its_traced_items(collector: Collector, tmp_path: Any) -> None:
    # Longer than the test: what is seen was sent by the process that ended.
    env = {"MLSERVICE_TRACES_ENDPOINT": collector.url, "OTEL_BSP_SCHEDULE_DELAY": "300000"}
    with Site(tmp_path, env) as site:
        site.init(MODEL)
        with site.worker("train"):
            site.client.train(MODEL).result(timeout=30)
        traces = [new_trace(), "", new_trace()]
        handles = site.together(MODEL, 1, 2, 3, traces=[f"00-{t}-{CALLER}-01" if t else "" for t in traces])
        with site.worker("estimate") as worker:
            assert [handle.result(timeout=30)["predictions"] for handle in handles] == [[2], [4], [6]]
            worker.popen.terminate()
            worker.popen.wait(20)
            first = collector.trace(traces[0], "estimate", "group estimate", "predict")
            second = collector.trace(traces[2], "estimate")
    group = first["group estimate"]
    assert within(group, first["estimate"])
    assert group.links == [CALLER, CALLER]
    assert group.attributes["mlservice.items"] == 3
    assert (second["estimate"].parent, second["estimate"].links) == (CALLER, [group.id])
    assert set(second) == {"estimate"}
    assert first["predict"].attributes["mlservice.rows"] == 3


@pytest.mark.integration
@pytest.mark.parametrize("endpoint", ["", "http://127.0.0.1:9"])
def test_traces_are_loaded_only_where_they_are_wanted(endpoint: str) -> None:
    # The rest of the SDK redis-py imports (findings/redis-imports-opentelemetry.sh).
    program = f"""
import sys, tasks.app, tasks.learning.predicting
from gateway.app import create_app
from tasks.config.settings import Settings
settings = Settings(token_key="k" * 32, traces_endpoint={endpoint!r})
create_app(settings)
print("tasks.telemetry.spans" in sys.modules, any(name.startswith("opentelemetry.exporter") for name in sys.modules))
"""
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True)
    wanted = bool(endpoint)
    assert run.stdout.split() == [str(wanted), str(wanted)]
