"""When a process of a worker asks for work, and when it rests."""

from __future__ import annotations

import pytest

from tasks.worker import resting
from tasks.worker.assigned import Assignee
from tasks.worker.resting import ASK_SECONDS, LOOK_SECONDS, Resting
from tasks.worker.scoreboard import Entry, Scoreboard

USUAL = 10.0


class Noted(Assignee):
    """Notes what it would tell Redis."""

    def __init__(self, told: list[str]) -> None:
        self._told = told

    def waits(self) -> None:
        self._told.append("waits")

    def withdraws(self) -> None:
        self._told.append("withdraws")


class Process:
    """One of a worker whose first process asks for work, unless a test has it do something else."""

    def __init__(self, place: int) -> None:
        self.first: Entry = Scoreboard(2).entry(1)
        self.first.ready = True
        self.first.ask()
        self.alone = True
        self.assignable = True
        self.calls: list[str] = []
        #: What Redis is told of it.
        self.told: list[str] = []
        self.resting = Resting(
            self.first,
            place,
            alone=lambda: self.alone,
            call=self._call,
            assignee=Noted(self.told),
            assignable=lambda: self.assignable,
        )

    def _call(self) -> None:
        self.calls.append("called")

    def waits(self) -> tuple[str, float]:
        """What it waits for, and how long."""
        rests, seconds = self.resting.wait(USUAL)
        return "a call" if rests else "work", seconds


@pytest.fixture
def second() -> Process:
    process = Process(2)
    process.resting.begins(in_ledger=True)
    return process


def test_the_first_always_asks() -> None:
    first = Process(1)
    before = first.first.asked
    assert first.waits() == ("work", USUAL)
    first.resting.begins(in_ledger=True)
    assert first.waits() == ("work", USUAL)
    first.resting.nothing()
    assert first.waits() == ("work", USUAL)
    assert first.first.asked > before


def test_another_rests_when_its_work_was_all_there_was(second: Process) -> None:
    assert second.waits() == ("a call", 1)
    second.alone = False
    assert second.waits() == ("work", ASK_SECONDS)


def test_it_asks_when_it_is_called_until_nothing_comes(second: Process) -> None:
    assert second.waits()[0] == "a call"
    second.resting.is_called()
    assert second.waits() == ("work", ASK_SECONDS)
    second.resting.nothing()
    assert second.waits()[0] == "a call"


def test_it_looks_now_and_then_though_nobody_calls(second: Process) -> None:
    for _ in range(3):
        assert second.waits() == ("a call", 1)
        second.resting.nothing()
        assert second.waits() == ("work", LOOK_SECONDS)
        second.resting.nothing()


def test_what_it_finds_so_is_work_as_any_other(second: Process) -> None:
    second.waits()
    second.resting.nothing()
    second.waits()
    second.alone = False
    second.resting.begins(in_ledger=True)
    assert second.waits() == ("work", ASK_SECONDS)


def test_those_behind_it_look_less_often() -> None:
    rests = []
    for place in (2, 3, 4, 11, 64):
        process = Process(place)
        process.resting.begins(in_ledger=True)
        rests.append(process.waits()[1])
    assert rests == [1, 2, 3, 10, 10]


def test_nobody_rests_before_the_first_asks(second: Process) -> None:
    second.first.clear()
    assert second.waits()[0] == "work"
    second.first.ready = True
    assert second.waits()[0] == "work"
    second.first.ask()
    assert second.waits()[0] == "a call"


def test_nobody_rests_while_the_first_ends(second: Process) -> None:
    second.first.stop = 1
    assert second.waits()[0] == "work"


def test_nobody_rests_behind_one_that_has_not_asked_for_long(second: Process, monkeypatch: pytest.MonkeyPatch) -> None:
    now = second.first.asked + resting.FIRST_SECONDS
    monkeypatch.setattr(resting, "monotonic", lambda: now - 0.1)
    assert second.waits()[0] == "a call"
    monkeypatch.setattr(resting, "monotonic", lambda: now + 0.1)
    assert second.waits()[0] == "work"


@pytest.mark.parametrize(("tag", "waits"), [("", "a call"), ("a message", "work")])
def test_work_that_the_ledger_does_not_know_tells_no_script_of_itself(second: Process, tag: str, waits: str) -> None:
    second.first.begin("task", tag=tag, soft_limit=0, hard_limit=0)
    assert second.waits()[0] == waits


def test_who_begins_such_work_calls_another(second: Process) -> None:
    second.resting.begins(in_ledger=True)
    assert second.calls == []
    second.resting.begins(in_ledger=False)
    assert second.calls == ["called"]
    assert second.waits()[0] == "work", "nothing is known of how much there is"


def test_the_first_calls_another_when_it_leaves(second: Process) -> None:
    second.resting.leaves()
    assert second.calls == []
    first = Process(1)
    first.resting.leaves()
    assert first.calls == ["called"]


def test_the_first_is_assigned_what_comes_alone_while_work_comes() -> None:
    first = Process(1)
    first.waits()
    first.resting.begins(in_ledger=True)
    first.waits()
    first.resting.nothing()
    first.waits()
    assert first.told == ["waits", "waits"]
    first.resting.begins(in_ledger=True)
    first.assignable = False
    first.waits()
    assert first.told == ["waits", "waits"]


def test_the_first_is_assigned_nothing_while_it_does_what_the_ledger_does_not_know() -> None:
    first = Process(1)
    first.resting.begins(in_ledger=False)
    assert (first.told, first.calls) == (["withdraws"], ["called"])


def test_the_first_withdraws_before_another_is_called_when_it_leaves() -> None:
    first = Process(1)
    first.resting.leaves()
    first.resting.is_back()
    assert (first.told, first.calls) == (["withdraws", "withdraws"], ["called"])


def test_the_others_are_assigned_nothing(second: Process) -> None:
    second.waits()
    second.resting.begins(in_ledger=False)
    second.resting.leaves()
    second.resting.is_back()
    second.resting.begins_later()
    assert second.told == []


def test_the_first_is_assigned_nothing_while_a_call_begins_that_has_waited_for_its_time() -> None:
    first = Process(1)
    first.resting.begins(in_ledger=False)
    first.resting.begins_later()
    assert first.told == ["withdraws"], "it was delivered just now"
    first.resting.begins(in_ledger=True)
    first.waits()
    first.resting.begins_later()
    assert first.told == ["withdraws", "waits", "withdraws"]
    first.waits()
    assert first.told == ["withdraws", "waits", "withdraws"]
