"""A search makes its trials within its bounds, and goes on where another process has left it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec
import pytest

from tasks.errors import Cancelled, InvalidParams
from tasks.registry.searched import Trial
from tasks.search.asked import Domain, Range
from tasks.search.running import Bounds, Searching
from tests.clocks import NOW, Clock

SPACE: dict[str, Domain] = {"x": Range(low=0.0, high=1.0), "kind": [["a"], {"b": 1}, None]}
#: Longer than any of these.
LONG = 1e9


class Parabola:
    """Best at x = 0.7; a trial takes `seconds`, in two steps."""

    metric, grows, folds = "loss", False, 0

    def __init__(self, clock: Clock, *, seconds: float = 1.0) -> None:
        self.clock, self.seconds = clock, seconds
        self.asked: list[Mapping[str, Any]] = []
        self.check: Callable[[], None] = lambda: None

    def __call__(self, params: Mapping[str, Any], *, report: Callable[[int, float], None]) -> float:
        self.asked.append(params)
        value = (float(params.get("x", 0.0)) - 0.7) ** 2
        for step in (1, 2):
            self.clock.now += self.seconds / 2
            self.check()
            report(step, value)
        return value


def searching(
    judge: Parabola, *, trials: int = 1000, seconds: float | None = None, kept: Sequence[Trial] = ()
) -> tuple[Searching, list[Trial]]:
    added: list[Trial] = []
    bounds = Bounds(trials, seconds, process_seconds=LONG)
    made = Searching(judge, SPACE, bounds, kept=kept, keep=added.append, clock=judge.clock)
    judge.check = made.check_time
    return made, added


def run(judge: Parabola, **given: Any) -> tuple[str, Searching, list[Trial]]:
    made, added = searching(judge, **given)
    return made.run(lambda: None), made, added


def test_the_params_as_they_are_come_first_and_the_best_is_found() -> None:
    ended, made, added = run(Parabola(Clock()), trials=30)
    assert (ended, len(added), added[0].params) == ("trials", 31, {})
    assert added[0].value == pytest.approx(0.49)
    value, best = made.ranked[0]
    assert value < 0.01
    assert best.params["kind"] in SPACE["kind"]  # type: ignore[operator]
    assert any(trial.state == "pruned" for trial in added)


def test_a_trial_is_stopped_when_the_time_is_over() -> None:
    clock = Clock()
    ended, made, added = run(Parabola(clock, seconds=4), seconds=19)
    # The last fit takes as long as the best trial.
    assert (ended, clock.now) == ("seconds", NOW + 16)
    assert [trial.state for trial in added] == ["complete", "complete", "complete", "stopped"]
    assert made.seconds == 16


def test_the_first_is_never_stopped() -> None:
    ended, made, _ = run(Parabola(Clock(), seconds=50), seconds=1)
    assert (ended, len(made.trials)) == ("seconds", 1)


def test_a_search_that_goes_on_makes_what_is_missing_and_nothing_twice() -> None:
    whole = run(Parabola(Clock()), trials=12)[2]
    kept = [msgspec.json.decode(msgspec.json.encode(trial), type=Trial) for trial in whole[:7]]
    judge = Parabola(Clock())
    ended, made, added = run(judge, trials=12, kept=kept)
    assert (ended, len(judge.asked), len(added), len(made.trials)) == ("trials", 6, 6, 13)
    seen = [trial.params.get("x") for trial in made.trials]
    assert len(set(seen)) == len(seen)
    assert made.seconds == pytest.approx(sum(trial.seconds for trial in made.trials))


def test_what_another_process_spent_counts() -> None:
    kept = run(Parabola(Clock(), seconds=4), trials=3)[2]
    spent = sum(trial.seconds for trial in kept)
    assert len(run(Parabola(Clock(), seconds=4), kept=kept, seconds=spent + 1)[2]) == 0


def test_trials_that_fail_are_told_and_none_that_fits_is_an_error() -> None:
    class Fragile(Parabola):
        def __call__(self, params: Mapping[str, Any], *, report: Callable[[int, float], None]) -> float:
            if params and params["x"] < self.least:
                raise ValueError("too small")
            return super().__call__(params, report=report)

        least = 0.5

    added = run(Fragile(Clock()), trials=10)[2]
    assert {trial.why for trial in added if trial.state == "failed"} == {"ValueError: too small"}
    assert any(trial.state != "failed" for trial in added[1:])
    Fragile.least = 2
    with pytest.raises(InvalidParams, match=r"none of 3 trials .* ValueError: too small"):
        run(Fragile(Clock()), trials=3)


def test_nothing_is_tried_twice_and_a_small_space_ends() -> None:
    judge = Parabola(Clock())
    bounds = Bounds(1000, None, process_seconds=LONG)
    made = Searching(judge, {"x": [0.1, 0.7, 0.9]}, bounds, kept=[], keep=lambda _: None, clock=judge.clock)
    assert made.run(lambda: None) == "space"
    assert [trial.params for trial in sorted(made.trials[1:], key=lambda one: str(one.params))] == [
        {"x": 0.1}, {"x": 0.7}, {"x": 0.9},
    ]  # fmt: skip


def test_a_cancel_ends_it() -> None:
    class Unwanted(Parabola):
        def __call__(self, params: Mapping[str, Any], *, report: Callable[[int, float], None]) -> float:
            if len(self.asked) == 3:
                raise Cancelled("no longer wanted")
            return super().__call__(params, report=report)

    made, added = searching(Unwanted(Clock()))
    with pytest.raises(Cancelled):
        made.run(lambda: None)
    assert len(added) == 3
