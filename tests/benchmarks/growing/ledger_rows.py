"""Rows of accepted work: lists of it, what it takes in memory, and that it gives way."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Final

from tasks.contract import State
from tasks.ledger.backpressure import Backpressure
from tasks.ledger.groups import Owner
from tasks.ledger.history import History
from tasks.ledger.task_lists import Filter
from tasks.upkeep.budget import Budget
from tasks.upkeep.relief import drop_expiring, relieve
from tests.benchmarks.growing.filled import FAILED, Filled, filled
from tests.benchmarks.growing.row import Bound, Row, least_ms, spent

ADA: Final = Owner("ada", "0123456789abcdef")
#: A page, and how often each is asked for.
PAGE: Final = 50
TIMES: Final = 5
ITEMS: Final = 5
#: Room for results (bytes).
ROOM: Final = 8 * 1024 * 1024
#: The pages that are asked for.
PAGES: Final[dict[str, dict[str, Any]]] = {
    "all": {},
    "of a model": {"model": "rare"},
    "failed": {"state": State.FAILED},
    "queued": {"state": State.QUEUED},
    "running": {"state": State.RUNNING},
}


def lists(sizes: Sequence[int]) -> dict[str, list[float]]:
    """Pages of tasks, of which a few are of another model, have failed, wait or run, before all others."""
    figures: dict[str, list[float]] = {f"ms of the processor, {name}": [] for name in PAGES}
    with filled() as here:
        for _ in range(PAGE):
            here.finish(model="rare")
            here.finish(outcome=FAILED)
        here.ledger.claim(here.accept().id)
        for _ in range(PAGE):
            here.accept()
        history, there = History(here.client), 0
        for size in sizes:
            here.finished((size - there) // ITEMS, ITEMS)
            there = size
            for name, wanted in PAGES.items():
                ask = page(history, wanted, least=1 if name == "running" else PAGE)
                figures[f"ms of the processor, {name}"].append(least_ms(here.client, ask, times=TIMES))
    return figures


def page(history: History, wanted: dict[str, Any], *, least: int) -> Callable[[], None]:
    """Asks for a page, which has at least so much."""

    def ask() -> None:
        found, _ = history.tasks(Filter(ADA, **wanted), limit=PAGE)
        assert len(found) >= least, (wanted, len(found))

    return ask


def commands(sizes: Sequence[int]) -> dict[str, list[float]]:
    """Commands of Redis for each item of a page, in groups of these sizes."""
    found = []
    for size in sizes:
        with filled() as here:
            here.finished(2 + 2 * PAGE // size, size)
            ask = page(History(here.client), {"state": State.SUCCEEDED}, least=PAGE)
            ask()
            here.client.config_resetstat()
            ask()
            stats: Any = here.client.info("commandstats")
            found.append(sum(told["calls"] for name, told in stats.items() if "config" not in name) / PAGE)
    return {"commands an item": found}


def memory(sizes: Sequence[int]) -> dict[str, list[float]]:
    """Bytes of a finished item, alone and in groups of 15."""
    alone: list[float] = []
    together: list[float] = []
    for size in sizes:
        for items, figures in ((1, alone), (15, together)):
            with filled() as here:
                here.finish(items)
                before = here.used
                here.finished(size // items, items)
                figures.append((here.used - before) / (size // items * items))
    return {"bytes an item alone": alone, "bytes an item in groups of 15": together}


def relief(sizes: Sequence[int]) -> dict[str, list[float]]:
    """A Redis that is full of results: how often it is refused work while so many more end, and what it costs that
    others give way."""
    refused, cost = [], []
    for size in sizes:
        with filled() as here:
            here.client.config_set("maxmemory", here.used + ROOM)
            pressure, times, seconds, dropped = Backpressure(here.client, here.settings), 0, 0.0, 0
            for _ in range(0, size, 500):
                here.finished(500)
                with spent(here.client) as used:
                    dropped += relieve(here.client, here.settings, budget=Budget(60))
                seconds += used()
                times += bool(pressure.measure())
            refused.append(float(times))
            cost.append(1e6 * seconds / max(dropped, 1))
    return {"times that work was refused": refused, "us of the processor for an item that gives way": cost}


def expiry(sizes: Sequence[int]) -> dict[str, list[float]]:
    """What it costs that so many groups of 15 are over."""
    found = []
    for size in sizes:
        with filled() as here:
            here.finished(size, 15)
            _over(here)
            with spent(here.client) as used:
                assert drop_expiring(here.client, here.settings, budget=Budget(600)) > size
            found.append(1e6 * used() / size)
    return {"us of the processor a group": found}


def _over(here: Filled) -> None:
    """All results have but a second left."""
    with here.client.pipeline(transaction=False) as pipe:
        for key in here.client.scan_iter("ml:group:*", count=10_000):
            pipe.pexpire(key, 9_000)
        pipe.execute()


ROWS: Final = (
    Row(
        name="tasks",
        of="tasks",
        sizes=(5_000, 50_000, 500_000),
        measure=lists,
        bounds={f"ms of the processor, {name}": Bound(most=10, exponent=0.3) for name in PAGES},
    ),
    Row(
        name="task-commands",
        of="items in a group",
        sizes=(1, 15, 256),
        measure=commands,
        bounds={"commands an item": Bound(most=2, exponent=0.0)},
    ),
    Row(
        name="memory",
        of="finished items",
        sizes=(3_000, 15_000, 75_000),
        measure=memory,
        bounds={
            "bytes an item alone": Bound(most=780, exponent=0.05),
            "bytes an item in groups of 15": Bound(most=290, exponent=0.05),
        },
    ),
    Row(
        name="relief",
        of="items beyond what there is room for",
        sizes=(20_000, 40_000, 80_000),
        measure=relief,
        bounds={
            "times that work was refused": Bound(most=0),
            "us of the processor for an item that gives way": Bound(most=60, exponent=0.2),
        },
    ),
    Row(
        name="expiry",
        of="groups that are over",
        sizes=(2_000, 8_000, 32_000),
        measure=expiry,
        bounds={"us of the processor a group": Bound(most=150, exponent=0.2)},
    ),
)
