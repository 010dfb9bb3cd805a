"""The search of a train: from what was asked for to the params that were best."""

from __future__ import annotations

import logging
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, Final

import msgspec
import redis

from tasks.errors import FenceLost, InvalidField
from tasks.estimators.base import Dataset, Estimator
from tasks.learning.recording import Report, Step
from tasks.learning.trying import Trier
from tasks.registry.searched import Searched, Trial
from tasks.search.asked import LIMIT_PART, MOST_TRIALS, Search, check_bounds
from tasks.search.library import load_optuna
from tasks.search.running import Bounds, Searching
from tasks.search.spaces import Space, check_space, own_space
from tasks.worker.runtime import Runtime
from tasks.worker.verdicts import PASSING

log = logging.getLogger(__name__)

#: Of how many trials a version keeps what they were.
KEPT_TRIALS: Final = 50
#: Time after which a trial that goes on is told of (seconds): so soon is it noticed that nobody wants it any more.
PULSE_SECONDS: Final = 0.5
#: After these the train is tried again, or another worker has it.
_GOES_ON: Final[tuple[type[BaseException], ...]] = (*PASSING, FenceLost)


def check_search(runtime: Runtime, search: Search, params: Mapping[str, Any], estimator: Estimator[Any]) -> None:
    """What can be told before the data are read. Raises InvalidField, InvalidParams."""
    load_optuna()
    check_bounds(search, limit_seconds=runtime.settings.train_time_limit_seconds)
    if search.space is not None:
        check_space(search.space, params, check=estimator.check)


def search_params(
    runtime: Runtime,
    search: Search,
    *,
    trials_of: str,
    params: Mapping[str, Any],
    estimator: Estimator[Any],
    dataset: Dataset,
    report: Report,
    allow: Callable[[Any], None],
) -> Searched:
    """Try params until the time is over. `allow` may refuse a model. Trials that another worker made of it count.

    Raises InvalidField, InvalidParams, and whatever `report` raises.
    """
    space = _space(search, params, estimator=estimator, dataset=dataset)
    kept = _kept(runtime, trials_of)
    teller = _Teller(report)
    first = kept[0] if kept else None
    trier = Trier(
        estimator, dataset, params, pulse=teller.pulse, allow=allow, seconds=search.seconds, first=first
    )  # fmt: skip
    ends = Bounds(
        trials=search.trials or MOST_TRIALS,
        seconds=search.seconds,
        process_seconds=LIMIT_PART * runtime.settings.train_time_limit_seconds,
    )
    searching = Searching(trier, space, ends, kept=kept, keep=lambda trial: _keep(runtime, trials_of, trial))
    teller.begin(searching, trier, most=ends.trials)
    ended = searching.run(teller.tell)
    ranked = searching.ranked
    value, best = ranked[0]
    return Searched(
        metric=trier.metric,
        higher_is_better=trier.grows,
        judged_by=trier.judged_by,
        params=best.params,
        value=value,
        default=next(value for value, trial in ranked if not trial.number),
        trials=dict(Counter(trial.state for trial in searching.trials)),
        seconds=round(searching.seconds, 3),
        ended=ended,
        space=dict(space),
        best=_shown([trial for _, trial in ranked]),
    )


def told_with(report: Report, searched: Searched) -> Report:
    """The report of the fit that follows, which tells what was found, too."""
    known = {"trials": sum(searched.trials.values()), "metric": searched.metric, "best": searched.value}
    known |= {"default": searched.default, "params": searched.params}
    return lambda step: report(msgspec.structs.replace(step, search=known))


@contextmanager
def trials_kept(runtime: Runtime, task: str) -> Iterator[None]:
    """The trials of a train are kept until it is over, and so not if it is tried again, or goes on elsewhere."""
    try:
        yield
    except _GOES_ON:
        raise
    except Exception:
        _drop(runtime, task)
        raise
    _drop(runtime, task)


def _drop(runtime: Runtime, task: str) -> None:
    # They have a life.
    with suppress(redis.exceptions.RedisError):
        runtime.registry.trials.drop(task)


def _kept(runtime: Runtime, task: str) -> list[Trial]:
    """What another worker has made; nothing where the trial is missing that says by what the others were judged."""
    kept = runtime.registry.trials.all(task) if task else []
    return kept if kept and kept[0].number == 0 else []


def _keep(runtime: Runtime, task: str, trial: Trial) -> None:
    # That a search could go on elsewhere is no reason to end it here.
    try:
        if task:
            runtime.registry.trials.add(task, trial)
    except redis.exceptions.RedisError as error:
        log.warning("trial %d of %s is not kept: %s", trial.number, task, error)


def _space(search: Search, params: Mapping[str, Any], *, estimator: Estimator[Any], dataset: Dataset) -> Space:
    if search.space is not None:
        return search.space
    said = own_space(estimator.search_space(dataset, params))
    if not said:
        raise InvalidField(
            'search: this estimator names no space, or params fix all of it: say one, such as "space": {"alpha":'
            ' {"low": 0.01, "high": 10, "log": true}}'
        ).at("/search/space")
    return said


def _shown(ranked: Sequence[Trial]) -> list[Trial]:
    """The best trials and number 0, in the order in which they were made."""
    first = next(trial for trial in ranked if not trial.number)
    shown = {trial.number: trial for trial in (first, *ranked[: KEPT_TRIALS - 1])}
    return [
        msgspec.structs.replace(trial, steps={}, seconds=round(trial.seconds, 3), metric="", folds=0)
        for _, trial in sorted(shown.items())
    ]


class _Teller:
    """Tells how far a search is, after each trial and now and then in one."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._told = time.monotonic()

    def begin(self, searching: Searching, trier: Trier, *, most: int) -> None:
        """It is this one that is told of; `most` trials may come of it."""
        self._searching, self._trier, self._most = searching, trier, most

    def pulse(self) -> None:
        """Called in a trial. Raises OutOfTime, and what the report raises."""
        self._searching.check_time()
        if time.monotonic() - self._told >= PULSE_SECONDS:
            self.tell()

    def tell(self) -> None:
        """Tell what is known."""
        self._told = time.monotonic()
        trials, ranked = self._searching.trials, self._searching.ranked
        total, left = self._ahead(trials)
        known: dict[str, Any] = {"trials": len(trials), "metric": self._trier.metric or None}
        if ranked:
            known |= {"best": ranked[0][0], "default": trials[0].value, "params": ranked[0][1].params}
        self._report(Step(len(trials), total, metrics={}, measured={}, best={}, search=known, seconds_left=left))

    def _ahead(self, trials: Sequence[Trial]) -> tuple[int, float]:
        """(how many trials there may be, number 0 among them; for how long), at the pace until now."""
        each = sum(trial.seconds for trial in trials) / len(trials) if trials else 0.0
        more, left = self._most + 1 - len(trials), self._searching.left_seconds
        if left is not None and each:
            more = min(more, math.ceil(left / each))
        return len(trials) + max(0, more), more * each if left is None else min(left, more * each)
