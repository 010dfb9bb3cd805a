"""The accounting of `make chaos` finds what it is there for."""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import replace
from typing import Any, cast

import pytest

from tasks.contract import Kind, State
from tests.chaos import orders
from tests.chaos.account import Account, Entry, Sight
from tests.chaos.fault import Event
from tests.chaos.options import parse
from tests.chaos.orders import Order
from tests.chaos.report import text
from tests.chaos.truth import Truth
from tests.chaos.verdict import Verdict, judge

ESTIMATE = orders.estimate(random.Random(1))
TRAIN = orders.train(random.Random(1))
DONE = Sight(state=State.SUCCEEDED, finished_at=101.0, digest="a")


class Versions:
    """The part of the truth that the verdict asks for."""

    def __init__(self, counts: Counter[str]) -> None:
        self._counts = counts

    def versions(self, _model: str) -> Counter[str]:
        """How many versions each train made."""
        return self._counts


def failure(reason: str) -> Sight:
    """An end with this reason."""
    return Sight(state=State.FAILED, finished_at=101.0, digest="x", reason=reason)


def entry(order: Order = ESTIMATE, **changes: Any) -> Entry:
    """An entry that was accepted at 100 and ended well."""
    usual = {"first": DONE, "last": DONE, "checked": True}
    return Entry(order=order, handle="h", source="http", era=0, sent_at=99.9, accepted_at=100.0, **{**usual, **changes})


def verdict_of(one: Entry, *, versions: int = 0, events: list[Event] | None = None, **account: Any) -> Verdict:
    """What is said of a run in which only this was accepted."""
    whole = Account(**account)
    whole.accept(one)
    truth = cast(Truth, Versions(Counter({one.handle: versions})))
    return judge(whole, truth, events or [], skipped={})


def test_what_ended_well_is_good() -> None:
    verdict = verdict_of(entry())
    assert verdict.good
    assert verdict.finished == {"succeeded": 1}
    assert text(verdict).endswith("all promises kept")


@pytest.mark.parametrize("changes", [{"missing": True}, {"first": None, "last": None}])
def test_what_is_not_known_or_not_finished_is_lost(changes: dict[str, Any]) -> None:
    verdict = verdict_of(entry(**changes))
    assert len(verdict.lost) == 1
    assert not verdict.good
    assert "FAILED" in text(verdict)


def test_what_was_open_when_redis_was_emptied_is_cleared() -> None:
    verdict = verdict_of(entry(missing=True, first=None, last=None), era=1)
    assert (verdict.cleared, verdict.good) == (1, True)


@pytest.mark.parametrize(
    "changes", [{"state": State.FAILED}, {"finished_at": 102.0}, {"digest": "b"}], ids=["state", "time", "result"]
)
def test_another_end_than_the_first_is_twice(changes: dict[str, Any]) -> None:
    last = Sight(**{"state": DONE.state, "finished_at": DONE.finished_at, "digest": DONE.digest, **changes})
    assert len(verdict_of(entry(last=last)).twice) == 1


def test_a_wrong_answer_is_told() -> None:
    verdict = verdict_of(entry(wrong="version 1 predicts [2.0], not [1.0]"))
    assert "not [1.0]" in verdict.wrong[0]
    assert not verdict.good


@pytest.mark.parametrize("versions", [0, 1, 2])
def test_a_train_has_one_version(versions: int) -> None:
    assert verdict_of(entry(TRAIN), versions=versions).good is (versions == 1)


@pytest.mark.parametrize("versions", [0, 1])
def test_a_failed_train_has_none(versions: int) -> None:
    failed = failure("EstimatorFailed: no")
    verdict = verdict_of(entry(replace(TRAIN, doomed=True), first=failed, last=failed), versions=versions)
    assert verdict.good is (versions == 0)
    assert verdict.failed == {"EstimatorFailed: no (as it must)": 1}


@pytest.mark.parametrize(("reason", "era", "good"), [("Poison", 1, False), ("ModelNotTrained", 1, True)])
def test_good_work_fails_only_if_its_model_was_lost(reason: str, era: int, good: bool) -> None:
    failed = failure(f"{reason}: so it is")
    assert verdict_of(entry(first=failed, last=failed), era=era).good is good
    assert not verdict_of(entry(first=failed, last=failed)).good


def test_what_a_fault_stalled_is_counted_from_the_fault() -> None:
    events = [
        Event(kind=kind, began_at=at, over_at=at, recovery_seconds=0.5)
        for kind, at in (("early", 50.0), ("hit", 100.5), ("late", 150.0))
    ]
    recovery = verdict_of(entry(), events=events).recovery
    assert {kind: found["stalled_seconds"] for kind, found in recovery.items()} == {"early": 0, "hit": 0.5, "late": 0}
    assert recovery["hit"]["median_seconds"] == 0.5


@pytest.mark.parametrize(
    ("took", "killed", "deliveries", "late", "when_killed"),
    [
        (59, (), 1, 0, 0),
        (61, (), 2, 1, 0),
        (61, (Kind.TRAIN,), 2, 1, 0),
        (61, (Kind.ESTIMATE,), 1, 1, 0),
        (61, (Kind.ESTIMATE,), 2, 0, 1),
    ],
)
def test_work_whose_worker_lived_takes_a_minute_at_most(
    took: float, killed: tuple[Kind, ...], deliveries: int, late: int, when_killed: int
) -> None:
    events = [Event(kind="k", began_at=110.0, over_at=111.0, recovery_seconds=0.5, killed=killed)]
    done = replace(DONE, finished_at=99.9 + took)
    verdict = verdict_of(entry(first=done, last=done, deliveries=deliveries), events=events)
    assert (len(verdict.late), verdict.late_when_killed, verdict.good) == (late, when_killed, not late)
    assert f"over 60 s {late:>22}" in text(verdict)


@pytest.mark.parametrize("shift", [-3600, 0, 7200])
def test_times_are_the_load_s_by_whatever_clock(shift: int) -> None:
    done = replace(DONE, finished_at=DONE.finished_at + shift)
    assert entry(first=done, last=done).took_seconds == pytest.approx(1.1)


def test_kinds_are_chosen_by_name_or_word() -> None:
    kinds = ["train-worker", "valkey", "sync"]
    assert parse(["--only", "worker,valkey"], kinds=kinds)[0].kinds == ("train-worker", "valkey")
    assert parse([], kinds=kinds)[0].kinds == tuple(kinds)
    with pytest.raises(SystemExit):
        parse(["--only", "vork"], kinds=kinds)


@pytest.mark.parametrize(
    ("arguments", "runs"),
    [
        ([], [("everysec", ("sync", "valkey")), ("always", ("valkey",))]),
        (["--sync", "always"], [("always", ("sync", "valkey"))]),
        (["--only", "sync"], [("everysec", ("sync",))]),
    ],
)
def test_valkey_is_killed_in_both_modes(arguments: list[str], runs: list[tuple[str, tuple[str, ...]]]) -> None:
    options = parse(arguments, kinds=["sync", "valkey"])
    assert [(one.sync, one.kinds) for one in options] == runs
    assert len({one.out for one in options}) == len(runs)


def test_an_answer_that_nobody_compared_fails_the_run() -> None:
    verdict = verdict_of(entry(checked=False))
    assert (len(verdict.unchecked), verdict.good) == (1, False)
    assert "not compared: estimate h" in text(verdict)


def test_what_made_an_answer_may_go_with_redis() -> None:
    verdict = verdict_of(entry(checked=False), era=1)
    assert (verdict.unchecked, verdict.unchecked_with_redis, verdict.good) == ([], 1, True)


def test_orders_are_of_their_kind() -> None:
    assert [order.kind for order in (ESTIMATE, TRAIN)] == [Kind.ESTIMATE, Kind.TRAIN]
    assert orders.init(random.Random(1), rows=3).body.count(b'"y"') == 3
