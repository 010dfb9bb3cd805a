"""A search: trial after trial until it is over, each bounded in time."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

import msgspec

from tasks.errors import EstimatorFailed, InvalidParams
from tasks.registry.searched import Ended, Trial
from tasks.search.spaces import Space
from tasks.search.study import Asked, Pruned, Study

#: What makes a trial fail, and no more than it.
_FAULTS: Final = (InvalidParams, EstimatorFailed, ValueError, TypeError, ArithmeticError)
#: How much of an error is kept (characters).
_WHY: Final = 300


class OutOfTime(Exception):
    """Raised in a trial when the time for trials is over."""


class Judge(Protocol):
    """Says how good params are."""

    @property
    def grows(self) -> bool:
        """Whether more of the metric is better."""

    @property
    def metric(self) -> str:
        """The metric; known when the first trial has ended."""

    @property
    def folds(self) -> int:
        """How many folds judge; known when the first trial has ended."""

    def __call__(self, params: Mapping[str, Any], *, report: Callable[[int, float], None]) -> float:
        """The metric, a finite number, on rows that a fit with these params has not learned from. Calls `report` with
        each step and what is known then, of which less is better, and lets pass what it raises."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """When a search is over: after so many trials beside number 0, after so many seconds in all, and after so many
    seconds of this process, whatever earlier ones have done."""

    trials: int
    seconds: float | None
    process_seconds: float


class Searching:
    """The trials of one search, as they are made."""

    def __init__(
        self,
        judge: Judge,
        space: Space,
        bounds: Bounds,
        *,
        kept: Sequence[Trial],
        keep: Callable[[Trial], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """`kept`: what an earlier process has made of it; `keep` is called with each trial that ends."""
        self._judge, self._space, self._bounds = judge, space, bounds
        self._keep, self._clock = keep, clock
        self._began = clock()
        self._until: float | None = None
        self.trials = list(kept)
        self._earlier_seconds = sum(trial.seconds for trial in self.trials)

    @property
    def seconds(self) -> float:
        """How long it has taken, those before this process too."""
        return self._earlier_seconds + self._clock() - self._began

    @property
    def ranked(self) -> list[tuple[float, Trial]]:
        """The trials that ended with a value, the best first, and of equals the first; number 0 is always one."""
        done = [(trial.value, trial) for trial in self.trials if trial.state == "complete" and trial.value is not None]
        return sorted(done, key=lambda one: one[0], reverse=self._judge.grows)

    @property
    def left_seconds(self) -> float | None:
        """How much time there is for trials; None if that is not known, since only their number ends it."""
        return None if self._until is None else max(0.0, self._until - self._clock())

    def check_time(self) -> None:
        """Called in a trial, again and again. Raises OutOfTime."""
        if self._until is not None and self._clock() > self._until:
            raise OutOfTime

    def run(self, ended: Callable[[], None]) -> Ended:
        """Make the trials; `ended` is called after each. Returns why there are no more. Raises InvalidParams if not one
        of them could be fitted, and what ends a train."""
        if not self.trials:
            self._first()
            self._until = self._end()
            ended()
        study = Study(self._space, self.trials[1:], grows=self._judge.grows)
        while (over := self._over()) is None:
            self._until = self._end()
            if (asked := study.ask()) is None:
                over = "space"
                break
            self._add(self._tried(study, asked))
            ended()
        self._check_any()
        return over

    def _first(self) -> None:
        """The params as they are. Never stopped: a train without a search would take as long."""
        start = self._clock()
        value = self._judge({}, report=lambda _step, _loss: None)
        self._add(
            Trial(number=0, params={}, state="complete", value=value,
                  seconds=self._clock() - start, metric=self._judge.metric, folds=self._judge.folds)
        )  # fmt: skip

    def _tried(self, study: Study, asked: Asked) -> Trial:
        start = self._clock()
        trial = Trial(number=len(self.trials), params=asked.params, state="complete", seconds=0)
        try:
            trial = msgspec.structs.replace(trial, value=self._judge(asked.params, report=asked.report))
        except Pruned:
            trial = msgspec.structs.replace(trial, state="pruned")
        except OutOfTime:
            trial = msgspec.structs.replace(trial, state="stopped")
        except _FAULTS as error:
            trial = msgspec.structs.replace(trial, state="failed", why=f"{type(error).__name__}: {error}"[:_WHY])
        study.tell(asked, trial.value, pruned=trial.state in ("pruned", "stopped"))
        return msgspec.structs.replace(trial, steps=asked.steps, seconds=self._clock() - start)

    def _add(self, trial: Trial) -> None:
        self.trials.append(trial)
        self._keep(trial)

    def _over(self) -> Ended | None:
        if len(self.trials) > self._bounds.trials:
            return "trials"
        until, now = self._end(), self._clock()
        if now < until:
            return None
        return "seconds" if self._bounds.seconds is not None and until < self._process_end() else "time limit"

    def _end(self) -> float:
        """When no trial goes on. The fit of what was found comes after it and takes about as long as its trial did."""
        until = self._process_end()
        if self._bounds.seconds is None:
            return until
        last_fit = self.ranked[0][1].seconds
        return min(until, self._began + self._bounds.seconds - self._earlier_seconds - last_fit)

    def _process_end(self) -> float:
        return self._began + self._bounds.process_seconds

    def _check_any(self) -> None:
        tried = self.trials[1:]
        if tried and all(trial.state == "failed" for trial in tried):
            raise InvalidParams(
                f"search: none of {len(tried)} trials could be fitted; the first one said: {tried[0].why}"
            ).at("/search/space")
