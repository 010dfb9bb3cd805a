"""One account's work does not keep the others' waiting: inits have a process of their own, and owners take turns."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import pytest

from tasks.calling.handle import Handle
from tasks.client import Client
from tasks.contract import State
from tasks.errors import InvalidParams
from tasks.redis_keys import LOOKED_KEY, SUSPECTS_KEY
from tests import frail
from tests.servers import eventually
from tests.site import Site, begun

#: Trains that an account with much work submits at once.
MANY: Final = 8
ROWS: Final = [{"x": x, "y": 2 * x} for x in range(50)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with Site(tmp_path_factory.mktemp("site")) as running:
        yield running


def trains(client: Client, model: str, folder: Path, names: list[str], **options: Any) -> dict[str, Handle]:
    """Trains that each write to a log of their name, and end when there is a file `NAME.go`."""
    return {
        name: client.train(
            model, params={"log": str(folder / name), "awaits": str(folder / f"{name}.go")}, promote="never", **options
        )
        for name in names
    }


def running(folder: Path, names: list[str]) -> list[str]:
    return [name for name in names if begun(folder / name)]


def test_others_get_through_while_one_has_much_queued(site: Site, tmp_path: Path) -> None:
    site.init("fair")
    names = [f"a{index}" for index in range(MANY)]
    bob = Client(site.url, owner="bob")
    with site.worker("train", processes=2) as worker:
        worker.wait_until_ready()
        ada = trains(Client(site.url, owner="ada"), "fair", tmp_path, names)
        eventually(lambda: len(running(tmp_path, names)) == 2, seconds=30, what="both processes' work")
        # Both trains run, and no message is taken that no process is there for.
        told = bob.init("bobs", rows=ROWS, target="y", estimator="harmful").result(timeout=30)
        assert told["rows"] == len(ROWS)
        assert bob.init("bobs", rows=ROWS, target="y", estimator="harmful").result(timeout=30)["rows"] == len(ROWS)
        assert running(tmp_path, names) == names[:2]
        his = trains(bob, "bobs", tmp_path, ["b0", "b1"])
        (tmp_path / "a0.go").touch()
        eventually(lambda: begun(tmp_path / "b0"), seconds=30, what="bob's train")
        assert running(tmp_path, names) == names[:2]
        # Two looks of who finds lost work: what gave way is in its queue.
        looks = site.redis.get(LOOKED_KEY)
        eventually(lambda: float(site.redis.get(LOOKED_KEY) or 0) > float(looks or 0) + 4, seconds=30, what="looks")
        assert not site.redis.smembers(SUSPECTS_KEY)
        (tmp_path / "a1.go").touch()
        eventually(lambda: begun(tmp_path / "a2"), seconds=30, what="ada's next: each has one")
        assert not begun(tmp_path / "b1")
        for name in (*names, "b0", "b1"):
            (tmp_path / f"{name}.go").touch()
        for handle in (*ada.values(), *his.values()):
            handle.result(timeout=60)
    assert all(len(begun(tmp_path / name)) == 1 for name in (*names, "b0", "b1"))
    started = sorted(names, key=lambda name: ada[name].task().started_at or 0)
    moved = max(abs(started.index(name) - place) for place, name in enumerate(names))
    assert moved <= 2, "an account's own are done as they came, but for what two processes take at the same moment"
    # What gave way left messages of work that is over; they go as they come.
    assert all(task.state is State.SUCCEEDED for task in (handle.task() for handle in his.values()))


def test_a_low_lane_of_another_comes_before_the_high_one_of_who_has_his_share(site: Site, tmp_path: Path) -> None:
    site.init("lanes")
    names = [f"h{index}" for index in range(4)]
    with site.worker("train", processes=1) as worker:
        worker.wait_until_ready()
        ada = trains(Client(site.url, owner="ada"), "lanes", tmp_path, names, lane="high")
        eventually(lambda: running(tmp_path, names) == ["h0"], seconds=30, what="the first")
        low = trains(Client(site.url, owner="bob"), "lanes", tmp_path, ["l0"], lane="low")
        with site.worker("train", processes=1) as second:
            second.wait_until_ready()
            eventually(lambda: begun(tmp_path / "l0"), seconds=30, what="the low lane's")
            assert running(tmp_path, names) == ["h0"]
            for name in (*names, "l0"):
                (tmp_path / f"{name}.go").touch()
            for handle in (*ada.values(), *low.values()):
                handle.result(timeout=60)


def test_short_trains_follow_each_other_at_once(site: Site) -> None:
    """A worker whose trains fill their share asks only for inits, for a second: it is woken when one has ended."""
    site.init("short")
    # Whose reports fail at once: they are drawn before the next train begins.
    params = {"factor": frail.RAISES}
    with site.worker("train", processes=1, env=frail.SETTING) as worker:
        worker.wait_until_ready()
        site.client.train("short", params=params).result(timeout=30)
        handles = [site.client.train("short", params=params, promote="never") for _ in range(10)]
        tasks = [handle.task() for handle in handles if handle.result(timeout=60)]
    waits = sorted((b.started_at or 0) - (a.finished_at or 0) for a, b in pairwise(tasks))
    assert waits[len(waits) // 2] < 0.3, waits


def test_params_of_which_a_fit_would_explode_are_refused_before_it(site: Site) -> None:
    rows = [{"x": x, "z": x % 7, "y": 2 * x} for x in range(400)]
    with site.worker("train", processes=1):
        site.client.init("explodes", rows=rows, target="y").result(timeout=30)
        handle = site.client.train("explodes", params={"max_leaves": 131_072, "max_bin": 100_000, "min_data_in_bin": 1})
        with pytest.raises(InvalidParams, match="max_leaves") as caught:
            handle.result(timeout=30)
        assert caught.value.pointer == "/params/max_leaves"
        assert site.client.train("explodes").result(timeout=30)["version"] == 1
