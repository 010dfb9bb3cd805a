"""What is asked of the service: the models of the load, and one order for each kind of work."""

from __future__ import annotations

import json
import random
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from tasks.contract import DEFAULT_ESTIMATOR, Kind, Lane, Media

#: Trained once; its version stays current.
STEADY: Final = "steady"
#: Trained every few seconds; its current version moves.
MOVING: Final = "moving"
#: Initialised every few seconds, never trained.
INTAKE: Final = "intake"
FEATURES: Final = 5
ROWS: Final = 300
#: No early stopping, so that a train takes as long as it is asked to.
PARAMS: Final = {"num_iterations": 60, "num_leaves": 15, "early_stopping_rounds": 0}
#: Trees of a train that takes a second or two, so that a kill finds it running.
LONG: Final = 1200

Row = list[float]


@dataclass(frozen=True, kw_only=True)
class Order:
    """One piece of work, as it is asked for."""

    kind: Kind
    model: str
    #: The JSON of an HTTP body.
    document: Mapping[str, Any] = field(default_factory=dict)
    lane: Lane = Lane.NORMAL
    #: Query parameters.
    query: Mapping[str, str] = field(default_factory=dict)
    #: True if it must fail, because its estimator is bad or its body too large.
    doomed: bool = False
    #: The body, where it is no document; its type; how it is compressed.
    content: bytes = b""
    media: Media = Media.JSON
    coding: str = ""

    @property
    def body(self) -> bytes:
        """What is sent."""
        return self.content or json.dumps(self.document).encode()


def row_of(rng: random.Random) -> Row:
    """A row to predict, with six decimals, so that every encoding carries the same numbers."""
    return [round(rng.uniform(-10, 10), 6) for _ in range(FEATURES)]


def estimate(rng: random.Random, *, model: str = STEADY, lane: Lane = Lane.NORMAL, doomed: bool = False) -> Order:
    """An estimate of a single row."""
    return Order(kind=Kind.ESTIMATE, model=model, document={"rows": [row_of(rng)]}, lane=lane, doomed=doomed)


def train(rng: random.Random, *, model: str = MOVING, trees: int = PARAMS["num_iterations"]) -> Order:
    """A train whose version is unlike the others."""
    params = {**PARAMS, "num_iterations": trees, "learning_rate": round(rng.uniform(0.05, 0.3), 6)}
    return Order(kind=Kind.TRAIN, model=model, document={"params": params})


def init(rng: random.Random, *, model: str = INTAKE, rows: int = ROWS, estimator: str = DEFAULT_ESTIMATOR) -> Order:
    """An init with a table of so many random rows, whose target is their sum."""
    table = [row_of(rng) for _ in range(rows)]
    records = [{**{f"x{at}": value for at, value in enumerate(row)}, "y": sum(row)} for row in table]
    query = {"target": "y", "estimator": estimator}
    return Order(kind=Kind.INIT, model=model, document={"rows": records}, query=query)
