"""A bar in a terminal, lines elsewhere, and what a train came to."""

from __future__ import annotations

import io
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tasks.calling.request import encode
from tasks.contract import State
from tasks.ledger.groups import Task
from tasks.testing import MemoryService
from tasks.watch.ending import Live, ending
from tasks.watch.looks import Look
from tasks.watch.terminal import line
from tasks.watch.watching import Watch
from tests.records import a_task

RESULT = {
    "version": 4,
    "metrics": {"rmse": 0.25},
    "promoted": True,
    "promotion": {"decided": True, "because": "better <by> half"},
}


class Terminal(io.StringIO):
    """What is written to one."""

    def isatty(self) -> bool:
        return True


def train(iteration: int | None, state: State = State.RUNNING) -> Task:
    if iteration is None:
        return a_task(state=state, started_at=0)
    progress: dict[str, Any] = {"iteration": iteration, "total": 100, "seconds": 1.0, "seconds_left": 2.0}
    told = msgspec.Raw(encode({**progress, "metrics": {"holdout": {"rmse": 0.5}}}))
    return msgspec.structs.replace(a_task(state=state, started_at=0), progress=told)


def looks() -> Iterator[Task]:
    # The first look is for what answers before the train is over.
    yield from (train(None, State.QUEUED), train(None, State.QUEUED), train(1), train(50), train(100, State.SUCCEEDED))


def watch() -> Watch:
    tasks = looks()
    return Watch(lambda: next(tasks), look_seconds=0.0)


def test_a_terminal_gets_one_line_that_is_drawn_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "100")
    out = Terminal()
    watch().show(out)
    drawn = out.getvalue()
    assert (drawn.count("\n"), drawn.count("\r"), drawn.endswith("\n")) == (1, 4, True)
    assert "░" in drawn
    last = drawn.rsplit("\r", 1)[1]
    assert f"|{'█' * 24}| 100/100" in last
    assert "HTML" not in drawn


@pytest.mark.parametrize("width", [20, 59, 99])
def test_no_line_is_wider_than_the_terminal(width: int) -> None:
    drawn = line(Look(train(50), msgspec.json.decode(train(50).progress or b""), None), width=width)
    assert len(drawn) <= width
    assert ("█" in drawn) == (width >= 60)


def test_a_file_gets_lines() -> None:
    out = io.StringIO()
    watch().show(out)
    assert out.getvalue().splitlines()[0].startswith("queued")
    assert out.getvalue().splitlines()[-1] == "succeeded"
    assert "\r" not in out.getvalue()


def test_what_a_train_came_to_is_shown_beside_the_live_one() -> None:
    found = ending(RESULT, live=Live(3, {"rmse": 0.5}), page="http://service/#/models/m/4")
    assert found is not None
    assert found.lines() == [
        "version 4: rmse 0.25 (version 3: 0.5)",
        "live now: better <by> half",
        "http://service/#/models/m/4",
    ]
    assert "better &lt;by&gt; half" in found.html()
    assert 'href="http://service/#/models/m/4"' in found.html()
    alone = ending(RESULT, live=Live(4, {"rmse": 0.25}), page="")
    assert alone is not None
    assert alone.lines()[0] == "version 4: rmse 0.25"
    assert ending({"predictions": []}, live=None, page="") is None


def test_a_client_shows_it() -> None:
    service, out = MemoryService(), Terminal()
    client = service.client()
    client.init("m", rows=[{"x": 1, "y": 2}], target="y")
    client.train("m").watch().show(out)
    assert "version 1" in out.getvalue()
    assert "live now" in out.getvalue()
