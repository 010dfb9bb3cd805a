"""What is kept of a search for params: its trials while it runs, and what came of it with the version."""

from __future__ import annotations

from typing import Any, Final, Literal

import msgspec
import redis

from tasks.redis_keys import TRIALS_KEY

#: How long the trials of a train are kept after the last one (seconds): its worker may have died, and the next one take
#: a while to come.
LIFE_SECONDS: Final = 7 * 24 * 3600

#: `pruned`: given up since others were better when they had come as far. `stopped`: the time was over.
TrialState = Literal["complete", "pruned", "failed", "stopped"]
#: Why a search came to its end: all trials were made; the time was over, that which was asked for or that of a train;
#: all of the space was tried.
Ended = Literal["trials", "seconds", "time limit", "space"]


class Trial(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """One set of params that was tried. Number 0 is the train's own params, with the estimator's defaults."""

    number: int
    params: dict[str, Any]
    state: TrialState
    #: The metric on the rows that judge; None where it did not come so far.
    value: float | None = None
    seconds: float
    #: Why it failed.
    why: str = ""
    #: What was known after each step that the pruner saw, as it sees it: less is better.
    steps: dict[int, float] = {}
    #: The metric that judges, and of how many folds; said with the first trial.
    metric: str = ""
    folds: int = 0


class Searched(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a search."""

    metric: str
    higher_is_better: bool
    #: By which rows trials were judged; never by those that measure the version.
    judged_by: Literal["cross_validation", "validation"]
    #: What the fit got beside the params of the request; empty if nothing was better than these.
    params: dict[str, Any]
    #: What these had on the rows that judge, and what the params of the request had.
    value: float
    default: float
    #: How many trials there were, by how they ended.
    trials: dict[str, int]
    seconds: float
    ended: Ended
    space: dict[str, Any]
    #: The best ones and number 0, in their order.
    best: list[Trial]


_encode = msgspec.json.Encoder().encode
_read = msgspec.json.Decoder(Trial).decode


class KeptTrials:
    """The trials of trains that run, in one Redis."""

    def __init__(self, client: redis.Redis) -> None:
        self._redis = client

    def add(self, task: str, trial: Trial) -> None:
        """Keep one that has ended."""
        key = TRIALS_KEY.format(task=task)
        with self._redis.pipeline(transaction=True) as pipe:
            pipe.rpush(key, _encode(trial))
            pipe.expire(key, LIFE_SECONDS)
            pipe.execute()

    def all(self, task: str) -> list[Trial]:
        """Those of a train, the first one first; a worker that had lost it may have added some in between."""
        found: Any = self._redis.lrange(TRIALS_KEY.format(task=task), 0, -1)
        return list({trial.number: trial for trial in map(_read, found)}.values())

    def drop(self, task: str) -> None:
        """Forget them: the train is over."""
        self._redis.delete(TRIALS_KEY.format(task=task))
