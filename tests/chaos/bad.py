"""Estimators that segfault, never return, or eat memory: their work fails with a reason, the neighbours' succeeds."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Any, Final

from tasks.contract import Kind, Lane, State
from tests.chaos import orders
from tests.chaos.account import Entry
from tests.chaos.crowd import crowd, shared
from tests.chaos.fault import Fault
from tests.chaos.orders import Order
from tests.chaos.stage import Stage

#: The estimator that does no harm and takes its time; its model has the same name.
PATIENT: Final = "patient"
#: The bad ones, by name, with their classes.
BAD: Final = {"segfault": "Segfault", "endless": "Endless", "deaf": "Deaf", "hungry": "Hungry"}
#: What an estimate and a train may take (seconds). A good train takes a second or two, and 15 where 30 processes want a
#: processor of two.
ESTIMATE_SECONDS: Final = 5
TRAIN_SECONDS: Final = 40
#: Good estimates that are sent together with a bad one, and how often that is tried until they share a group.
NEIGHBOURS: Final = 9
CROWDS: Final = 5
#: The settings that the service runs with.
SETTINGS: Final = {
    "MLSERVICE_ESTIMATORS": ",".join(
        f"{name}=tests.chaos.estimators:{cls}" for name, cls in {PATIENT: "Patient", **BAD}.items()
    ),
    "MLSERVICE_ESTIMATE_TIME_LIMIT_SECONDS": str(ESTIMATE_SECONDS),
    "MLSERVICE_TRAIN_TIME_LIMIT_SECONDS": str(TRAIN_SECONDS),
}


class BadEstimator(Fault):
    """Asks a bad estimator for estimates in all lanes, one of them in one group with good ones, and for a train."""

    killed = tuple(Kind)

    def __init__(self, estimator: str) -> None:
        self.name = estimator

    def strike(self, stage: Stage) -> dict[str, Any]:
        stage.achieve(orders.init(stage.rng, model=self.name, estimator=self.name))
        stage.achieve(Order(kind=Kind.TRAIN, model=self.name, document={}))
        began = time.time()
        together: list[Entry] = []
        for _ in range(CROWDS):
            together += crowd(stage, [self._estimate(stage, Lane.NORMAL), *_good(stage)])
            if shared(together):
                break
        victims = [entry for entry in together if entry.order.doomed]
        victims += [stage.must_place(self._estimate(stage, lane)) for lane in (Lane.HIGH, Lane.LOW)]
        victims.append(stage.must_place(self._train()))
        for victim in victims:
            self._judge(stage, victim)
        self._window = (began, time.time())
        return {"ended_after_seconds": round(time.time() - began, 2), "in_the_same_group": shared(together)}

    def settle(self, stage: Stage) -> dict[str, Any]:
        """Count the neighbours and those that failed, which the verdict names."""
        neighbours = [e for e in stage.account.since(0) if self._beside(e)]
        harmed = sum(stage.ended(entry) is not State.SUCCEEDED for entry in neighbours)
        return {"neighbours": len(neighbours), "harmed": harmed}

    def _estimate(self, stage: Stage, lane: Lane) -> Order:
        return orders.estimate(stage.rng, model=self.name, lane=lane, doomed=True)

    def _train(self) -> Order:
        return Order(kind=Kind.TRAIN, model=self.name, document={"params": {"when": "fit"}}, doomed=True)

    def _judge(self, stage: Stage, victim: Entry) -> None:
        state = stage.ended(victim)
        if state is not State.FAILED or not (victim.first and victim.first.reason):
            stage.account.find(f"{self.name}: {victim.order.kind} {victim.handle} is {state} and not failed")

    def _beside(self, entry: Entry) -> bool:
        began, ended = self._window
        return not entry.order.doomed and began <= entry.sent_at <= ended


def _good(stage: Stage) -> list[Order]:
    return [orders.estimate(stage.rng) for _ in range(NEIGHBOURS)]


FAULTS: Final[Sequence[Fault]] = tuple(BadEstimator(name) for name in BAD)
