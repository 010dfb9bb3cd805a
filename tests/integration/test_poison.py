"""Work that harms its worker fails with a reason, and its neighbours in the same group succeed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from celery import Celery
from celery.exceptions import TimeLimitExceeded

from tasks.calling.handle import Handle
from tasks.config.settings import Settings
from tasks.errors import MemoryLimit, Poison, ServiceError, TimeLimit
from tasks.ledger.counts import LOST_PROCESSES
from tasks.ledger.groups import parse_handle
from tasks.redis_keys import COUNTS_KEY, GROUP_KEY
from tests.harmful import DEAF, ENDLESS, GREEDY, HUNGRY, SEGFAULT
from tests.servers import eventually
from tests.site import Site

SETTINGS = {
    "MLSERVICE_ESTIMATE_TIME_LIMIT_SECONDS": "2",
    "MLSERVICE_INIT_TIME_LIMIT_SECONDS": "1",
    "MLSERVICE_TIME_LIMIT_GRACE_SECONDS": "1",
    "MLSERVICE_MAX_DELIVERIES": "2",
    "MLSERVICE_WORKER_MEMORY_BYTES": str(2**29),
}
#: What is said of each.
REASONS: dict[int, tuple[type[ServiceError], str]] = {
    SEGFAULT: (Poison, "ended its worker"),
    ENDLESS: (TimeLimit, "longer than"),
    DEAF: (TimeLimit, "longer than"),
    HUNGRY: (MemoryLimit, "MLSERVICE_WORKER_MEMORY_BYTES"),
    GREEDY: (MemoryLimit, "MLSERVICE_WORKER_MEMORY_BYTES"),
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A site with one estimate worker of two processes and a trained model."""
    with Site(tmp_path_factory.mktemp("site"), SETTINGS) as running:
        running.init("harmful")
        with running.worker("train"):
            running.client.train("harmful").result(timeout=20)
        with running.worker("estimate", processes=2):
            yield running


def claims(site: Site, handle: Handle) -> int:
    """How often the group was claimed."""
    found = site.redis.hget(GROUP_KEY.format(group=parse_handle(handle.id)[0]), "fence")
    return int(found)


def test_each_alone(site: Site) -> None:
    handles = {value: site.together("harmful", value)[0] for value in REASONS}
    for value, (reason, text) in REASONS.items():
        with pytest.raises(reason, match=text):
            handles[value].result(timeout=40)
    # Those that were killed for their time or memory are claimed once more, to be ended.
    assert [claims(site, handles[value]) for value in (ENDLESS, DEAF, HUNGRY, GREEDY)] == [1, 2, 1, 2]
    assert claims(site, handles[SEGFAULT]) == 3
    # Processes that crash are counted, and not those that were ended for their time or memory.
    with pytest.raises(Poison):
        site.together("harmful", SEGFAULT)[0].result(timeout=40)
    eventually(lambda: lost_processes(site) >= 4, what="the count of the last one")
    assert lost_processes(site) == 4


def lost_processes(site: Site) -> int:
    return int(site.redis.hget(COUNTS_KEY, f"{LOST_PROCESSES}:estimate") or 0)


@pytest.mark.parametrize("bad", [[SEGFAULT], [SEGFAULT, ENDLESS, DEAF, HUNGRY, GREEDY]], ids=["one", "all"])
def test_with_neighbours_in_one_group(site: Site, bad: list[int]) -> None:
    values = [value for pair in zip(range(10, 10 + len(bad)), bad, strict=True) for value in pair] + [50, 60]
    handles = dict(zip(values, site.together("harmful", *values), strict=True))
    for value, handle in handles.items():
        if value in REASONS:
            reason, text = REASONS[value]
            with pytest.raises(reason, match=text):
                handle.result(timeout=60)
        else:
            assert handle.result(timeout=60)["predictions"] == [2 * value]


def test_direct_calls(site: Site) -> None:
    url = Settings(redis_url=site.url).broker.shown_url
    app = Celery("elsewhere", broker=url, backend=url)

    def send(value: int) -> Any:
        return app.send_task(
            "tasks.estimate", kwargs={"model": "harmful", "rows": [[value]]}, queue="estimate", priority=3
        )

    calls = {value: send(value) for value in (SEGFAULT, DEAF, HUNGRY, GREEDY, 7)}
    assert calls[7].get(timeout=20)["predictions"] == [14]
    with pytest.raises(TimeLimitExceeded):
        calls[DEAF].get(timeout=20)
    for value in (HUNGRY, GREEDY):
        with pytest.raises(Exception, match="MLSERVICE_WORKER_MEMORY_BYTES"):
            calls[value].get(timeout=20)
    with pytest.raises(Exception, match="ended its worker"):
        calls[SEGFAULT].get(timeout=20)


def test_a_train_that_takes_too_long_ends_without_a_version(site: Site) -> None:
    before = site.versions("harmful")
    with site.worker("train", env={"MLSERVICE_TRAIN_TIME_LIMIT_SECONDS": "2"}):
        with pytest.raises(TimeLimit, match="longer than"):
            site.client.train("harmful", params={"seconds": 60}).result(timeout=40)
        assert site.versions("harmful") == before
        later = site.client.train("harmful").result(timeout=20)["version"]
    assert site.versions("harmful") == [*before, later]


def test_an_init_that_takes_too_long_ends(site: Site, tmp_path: Path) -> None:
    """It reads from where nothing comes."""
    os.mkfifo(tmp_path / "silent.csv")
    with site.worker("train", env={"MLSERVICE_SOURCES": f"silent=file://{tmp_path}/silent.csv"}):
        handle = site.client.init("silent", source="silent", target="y")
        with pytest.raises(TimeLimit, match="longer than"):
            handle.result(timeout=40)
        assert site.client.train("harmful").result(timeout=20)["version"] > 1, "its worker takes other work"
    assert "silent" not in site.registry.names()
