"""The primary of Redis is lost under load: nothing accepted is, and the service is back soon."""

from __future__ import annotations

import os
import signal
import statistics
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Final

import pytest

from tests.failover.load import MODEL, Account, Load, unfinished
from tests.own_redis import Guarded, RedisNode, guarded, make_certificates
from tests.servers import eventually
from tests.service import Service

#: A test here may take so long (seconds).
pytestmark = [pytest.mark.integration, pytest.mark.timeout(400)]

#: The service must accept work, and give results, within this time of the loss of the primary (seconds).
BACK_SECONDS: Final = 20.0
#: So long the load runs before and after that, and so long what is accepted may take to end (seconds).
BEFORE_SECONDS: Final = 5.0
AFTER_SECONDS: Final = 30.0
END_SECONDS: Final = 120.0
#: How many submits tell what a confirmation costs.
SUBMITS: Final = 400
CONFIRMED: Final = {"MLSERVICE_REDIS_REPLICAS": "1"}


@pytest.fixture
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Guarded]:
    """Three nodes and three Sentinels, over TLS, with passwords, set up as the page says."""
    certificates = make_certificates(tmp_path_factory.mktemp("certificates"))
    with guarded(certificates=certificates, password="of-the-nodes", sentinel_password="of-the-sentinels") as made:
        yield made


@pytest.fixture
def service(nodes: Guarded) -> Iterator[Service]:
    with Service(env={**nodes.env, **CONFIRMED}) as started:
        learn(started)
        yield started


def learn(service: Service) -> None:
    rows = [{"a": a, "b": b, "y": a + b + 0.5} for a in range(20) for b in range(20)]
    assert service.init(MODEL, {"rows": rows}, target="y").status_code == 200
    assert service.train(MODEL, params={"num_iterations": 100}).status_code == 200
    # The first one loads the model.
    assert service.estimate(MODEL, {"rows": [{"a": 1, "b": 2}]}).status_code == 200


def kill(node: RedisNode) -> None:
    """It is gone, as with its machine."""
    node.popen.kill()


def cut_off(node: RedisNode) -> None:
    """It stands still, and goes on when another one is the primary."""
    os.kill(node.popen.pid, signal.SIGSTOP)


@pytest.mark.parametrize("lose", [kill, cut_off])
def test_nothing_accepted_is_lost_with_the_primary(
    lose: Callable[[RedisNode], None], nodes: Guarded, service: Service
) -> None:
    primary = nodes.primary()
    with Load(service) as account:
        time.sleep(BEFORE_SECONDS)
        lost_at = time.monotonic()
        lose(primary)
        eventually(partial(another, nodes, primary), seconds=BACK_SECONDS, what="another primary")
        promoted = time.monotonic() - lost_at
        os.kill(primary.popen.pid, signal.SIGCONT)
        time.sleep(AFTER_SECONDS)
    assert not account.wrong
    accepting = account.back_after(lost_at, account.accepted_at)
    answering = account.back_after(lost_at, account.result_at)
    wait_for_all(service, account)
    tell(lose.__name__, account, promoted=promoted, accepting=accepting, answering=answering)
    assert max(accepting, answering) < BACK_SECONDS


def wait_for_all(service: Service, account: Account) -> None:
    """Return when all that was accepted has ended as it should."""
    until = time.monotonic() + END_SECONDS
    while missing := unfinished(service.http, account):
        assert time.monotonic() < until, f"{len(missing)} of {len(account.accepted)} did not end: {missing}"
        time.sleep(1)


def another(nodes: Guarded, before: RedisNode) -> bool:
    """Whether all Sentinels name another primary."""
    return all(nodes.primary(sentinel) is not before for sentinel in nodes.sentinels)


def tell(name: str, account: Account, **seconds: float) -> None:
    took = ", ".join(f"{what} {took:.1f} s" for what, took in seconds.items())
    print(f"\n{name}: {len(account.accepted)} accepted, none lost; refused {account.refused or 'none'}; {took}")


def test_what_a_confirmation_costs(nodes: Guarded) -> None:
    with Service(env=nodes.env) as service:
        learn(service)
        for env in ({"MLSERVICE_REDIS_REPLICAS": "0"}, CONFIRMED):
            service.start_again(**env)
            times = sorted(submit(service) for _ in range(SUBMITS))
            median, most = statistics.median(times), times[int(0.99 * SUBMITS)]
            print(f"\n{env}: a submit takes {median * 1e3:.2f} ms, 99 % {most * 1e3:.2f} ms")


def submit(service: Service) -> float:
    began = time.perf_counter()
    answer = service.http.post(f"/v1/models/{MODEL}/estimate", json={"rows": [{"a": 1, "b": 2}]})
    assert answer.status_code == 202
    return time.perf_counter() - began
