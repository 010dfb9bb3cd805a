"""A study of Optuna without a storage: which params are tried next, and which trials are not worth going on with."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

from tasks.registry.searched import Trial
from tasks.search.asked import Domain, Range
from tasks.search.library import load_optuna
from tasks.search.spaces import Space, start

#: What the first seed of a study is: the same data and the same time give the same trials.
SEED: Final = 0
#: How many trials are drawn by chance before the others are made of what came of them, and after how many a trial may
#: be given up.
RANDOM_TRIALS: Final = 8
JUDGED_TRIALS: Final = 4
#: How often in a row something may be suggested that was tried, before that means that nothing else is left.
REPEATS: Final = 50
#: Significant digits of a number that is suggested.
DIGITS: Final = 4


class Pruned(Exception):
    """Raised in a trial that is not worth going on with."""


class Study:
    """Suggests params. In its sight less is always better.

    Source: Bergstra et al., Algorithms for Hyper-Parameter Optimization (2011), with dependent params as in Falkner et
    al., BOHB (2018); trials that are worse at a step than the median of the others there are given up, as in Golovin et
    al., Google Vizier (2017).
    """

    def __init__(self, space: Space, trials: Sequence[Trial], *, grows: bool) -> None:
        """`trials`: those that an earlier process has made. `grows`: whether more of the metric is better."""
        self._optuna, self._space, self._grows = load_optuna(), space, grows
        self._domains = {name: self._distribution(domain) for name, domain in space.items()}
        # One that goes on with the seed of another would suggest the same again.
        seed = SEED + len(trials)
        self._study = self._optuna.create_study(
            sampler=self._optuna.samplers.TPESampler(seed=seed, multivariate=True, n_startup_trials=RANDOM_TRIALS),
            pruner=self._optuna.pruners.MedianPruner(n_startup_trials=JUDGED_TRIALS),
        )
        self._seen: set[str] = set()
        for trial in trials:
            self._replay(trial)
        if not trials and (first := start(space)):
            self._study.enqueue_trial(self._stored(first))

    def ask(self) -> Asked | None:
        """The next trial; None if all that is suggested was tried."""
        for _ in range(REPEATS):
            trial = self._study.ask(self._domains)
            params = self._plain(trial.params)
            if (mark := _mark(params)) not in self._seen:
                self._seen.add(mark)
                return Asked(trial, params)
            self._study.tell(trial, state=self._optuna.trial.TrialState.FAIL)
        return None

    def tell(self, asked: Asked, value: float | None, *, pruned: bool) -> None:
        """How it ended: with a value, or without."""
        states = self._optuna.trial.TrialState
        if value is not None and not pruned:
            self._study.tell(asked.trial, -value if self._grows else value)
        else:
            self._study.tell(asked.trial, state=states.PRUNED if pruned else states.FAIL)

    def _replay(self, trial: Trial) -> None:
        states, value = self._optuna.trial.TrialState, None
        state = states.FAIL
        if trial.state == "complete" and trial.value is not None:
            state, value = states.COMPLETE, -trial.value if self._grows else trial.value
        elif trial.state in ("pruned", "stopped"):
            state, value = states.PRUNED, trial.steps[max(trial.steps)] if trial.steps else None
        self._seen.add(_mark(trial.params))
        self._study.add_trial(
            self._optuna.trial.create_trial(
                params=self._stored(trial.params),
                distributions=self._domains,
                state=state,
                value=value,
                intermediate_values=trial.steps,
            )
        )

    def _distribution(self, domain: Domain) -> Any:
        distributions = self._optuna.distributions
        if not isinstance(domain, Range):
            # In JSON: a choice may be a list, which Optuna has none of.
            return distributions.CategoricalDistribution([json.dumps(value) for value in domain])
        if domain.integer:
            return distributions.IntDistribution(int(domain.low), int(domain.high), log=domain.log)
        return distributions.FloatDistribution(domain.low, domain.high, log=domain.log)

    def _plain(self, params: dict[str, Any]) -> dict[str, Any]:
        return {name: self._value(name, value) for name, value in params.items()}

    def _value(self, name: str, value: Any) -> Any:
        domain = self._space[name]
        if not isinstance(domain, Range):
            return json.loads(value)
        # As somebody would write it, who trains with it again.
        return value if domain.integer else min(max(float(f"{value:.{DIGITS}g}"), domain.low), domain.high)

    def _stored(self, params: dict[str, Any]) -> dict[str, Any]:
        return {
            name: value if isinstance(self._space[name], Range) else json.dumps(value) for name, value in params.items()
        }


class Asked:
    """A trial that is to be made."""

    def __init__(self, trial: Any, params: dict[str, Any]) -> None:
        self.trial, self.params = trial, params
        #: What was known after each step.
        self.steps: dict[int, float] = {}

    def report(self, step: int, loss: float) -> None:
        """What is known after a step: less is better. Raises Pruned."""
        self.steps[step] = loss
        self.trial.report(loss, step)
        if self.trial.should_prune():
            raise Pruned


def _mark(params: dict[str, Any]) -> str:
    return json.dumps(params, sort_keys=True)
