"""A search whose worker is killed goes on in the next one; one that is cancelled ends, and has told what it found."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tasks.calling.handle import Handle
from tasks.contract import State
from tasks.errors import Cancelled
from tasks.redis_keys import TRIALS_KEY
from tests.servers import eventually
from tests.site import Site, begun

TRIALS: Final = 8
#: Long enough for a look between two trials.
PARAMS: Final = {"seconds": 0.3}
#: `harmful` predicts the first column times this, of which the target is the double.
SEARCH: Final = {"trials": TRIALS, "space": {"factor": {"low": 1, "high": 9, "integer": True}}}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running, running.worker("train"):
        yield running


def begin(site: Site, model: str, log: Path) -> Handle:
    """A search that has made some trials."""
    site.init(model)
    handle = site.client.train(model, params={**PARAMS, "log": str(log)}, search=SEARCH)
    # A trial is kept first and told then: one that is told is kept.
    eventually(lambda: trials_told(handle) >= 3, seconds=30, what="three trials")
    return handle


def kept(site: Site, handle: Handle) -> int:
    return int(site.redis.llen(TRIALS_KEY.format(task=handle.id)))


def told(handle: Handle) -> dict[str, Any]:
    progress = handle.task().progress
    return msgspec.json.decode(progress) if progress is not None else {}


def trials_told(handle: Handle) -> int:
    return int((told(handle).get("search") or {}).get("trials", 0))


def test_the_next_process_makes_what_is_missing(site: Site, tmp_path: Path) -> None:
    log = tmp_path / "log"
    handle = begin(site, "killed", log)
    first = begun(log)[0]
    os.kill(first, signal.SIGKILL)
    # What it sent before its end may still be on its way until then.
    eventually(lambda: not Path(f"/proc/{first}").exists(), what="the end of the process")
    before = kept(site, handle)
    found = handle.result(timeout=60)
    assert found["version"] == 1
    assert sum(found["search"]["trials"].values()) == TRIALS + 1
    fits = begun(log)
    # What the first was at when it was killed is made again; the last fit is that of what was found.
    assert fits.count(first) in (before, before + 1)
    assert len(fits) - fits.count(first) == TRIALS + 1 - before + 1
    assert site.registry.version("killed", 1).params_used == {}
    assert kept(site, handle) == 0


def test_a_cancel_stores_nothing_and_the_best_until_then_stays_told(site: Site, tmp_path: Path) -> None:
    handle = begin(site, "cancelled", tmp_path / "log")
    handle.cancel()
    with pytest.raises(Cancelled):
        handle.result(timeout=20)
    assert handle.task().state is State.CANCELLED
    assert site.versions("cancelled") == []
    assert kept(site, handle) == 0
    search = told(handle)["search"]
    assert search["trials"] >= 3
    assert search["best"] <= search["default"]
    assert set(search["params"]) <= {"factor"}
