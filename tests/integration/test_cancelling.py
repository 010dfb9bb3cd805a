"""Work that a process has stops when its owner cancels it, and nothing of it is seen."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from tasks.calling.handle import Handle
from tasks.contract import State
from tasks.errors import Cancelled, UnknownModel
from tasks.ledger.counts import LOST_PROCESSES
from tasks.redis_keys import COUNTS_KEY
from tests.harmful import DEAF, ENDLESS
from tests.servers import eventually
from tests.site import Site, begun

#: How soon it stops that cannot be interrupted is 0.8 s of looking and 0.7 s of patience; the rest is the machine's.
SECONDS: Final = 6.0
ROWS: Final = [{"x": x, "y": 2 * x} for x in range(50)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """With a worker of each fleet, and a trained model."""
    with Site(tmp_path_factory.mktemp("site")) as running:
        running.init("harmful")
        with running.worker("train"), running.worker("estimate"):
            running.client.train("harmful").result(timeout=30)
            yield running


def stopped(handle: Handle) -> None:
    """Cancel what runs, and see it end."""
    eventually(lambda: handle.task().state is State.RUNNING, seconds=30, what="its start")
    # Longer than a look: not only what is young is stopped.
    time.sleep(1)
    handle.cancel()
    begin = time.monotonic()
    with pytest.raises(Cancelled):
        handle.result(timeout=SECONDS)
    assert time.monotonic() - begin < SECONDS
    assert handle.task().state is State.CANCELLED


@pytest.mark.parametrize("deaf", [False, True])
def test_an_init_stops_and_makes_no_model(site: Site, deaf: bool) -> None:
    model = f"stopped-{deaf}"
    options: dict[str, Any] = {"naps": 60, "deaf": deaf}
    stopped(site.client.init(model, rows=ROWS, target="y", estimator="harmful", options=options))
    with pytest.raises(UnknownModel):
        site.registry.model(model)
    assert site.client.init(model, rows=ROWS, target="y", estimator="harmful").result(timeout=30)["rows"] == len(ROWS)


@pytest.mark.parametrize("value", [ENDLESS, DEAF])
def test_an_estimate_stops(site: Site, value: int) -> None:
    (handle,) = site.together("harmful", value)
    stopped(handle)
    (after,) = site.together("harmful", 21)
    assert after.result(timeout=30)["predictions"] == [42.0]


def test_a_train_stops_that_reports_nothing(site: Site, tmp_path: Path) -> None:
    versions = site.versions("harmful")
    stopped(site.train("harmful", tmp_path / "log", seconds=60, quiet=True))
    assert len(begun(tmp_path / "log")) == 1
    assert site.versions("harmful") == versions


def test_a_process_that_is_killed_for_it_is_none_that_was_lost(site: Site) -> None:
    assert not [name for name in site.redis.hgetall(COUNTS_KEY) if name.decode().startswith(LOST_PROCESSES)]
