"""Trained models of each problem, in a Redis of their own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, Media, Promote
from tasks.learning import fitting, ingest, predicting
from tasks.ledger.groups import Current
from tasks.worker.runtime import Runtime, make_runtime
from tests.servers import Valkey

#: What the rows are estimated with: seen and unseen categories, missing values, a value that training never missed.
ASKED: list[dict[str, Any]] = [
    {"area": 50, "city": "Ulm", "new": True, "floor": 2},
    {"area": 70.5, "city": "Atlantis", "new": False, "floor": None},
    {"area": 90, "city": None, "new": True, "floor": 1},
    {"area": None, "city": "Köln", "new": False, "floor": 3},
]


def train(runtime: Runtime, model: str, target: str, *, kind: Any, **params: Any) -> None:
    rows = [
        {
            "area": 20 + index % 70,
            "city": (None if index % 11 == 0 else ("Bonn", "Köln", "Ulm")[index % 3]),
            "new": index % 2 == 0,
            "floor": None if index % 7 == 0 else index % 5,
            target: kind(index),
        }
        for index in range(300)
    ]
    table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
    asked = ingest.Request(model=model, target=target, estimator=DEFAULT_ESTIMATOR, options={})
    ingest.initialise(runtime, asked, table)
    request = fitting.Request(model=model, params={"num_iterations": 15, **params}, promote=Promote.ALWAYS)
    fitting.fit(runtime, request, report=lambda *_: None)


def estimates(runtime: Runtime, model: str, rows: list[dict[str, Any]]) -> dict[str, Any]:
    body = msgspec.json.encode({"rows": rows})
    current = runtime.registry.current(model)
    assert current
    found = predicting.answer(
        runtime, [predicting.Request(model=model, body=body)], currents={model: Current(current, "")}
    )
    return msgspec.json.decode(found[0].body, type=dict[str, Any])


@pytest.fixture(scope="package")
def runtime() -> Iterator[Runtime]:
    with Valkey() as valkey:
        made = make_runtime(Settings(redis_url=valkey.redis_url))
        train(made, "prices", "price", kind=lambda i: (20 + i % 70) * 3.0 + (i % 3) * 40 + (i % 2) * 10)
        train(made, "spread", "price", kind=lambda i: i % 70 * 3.0, objective="quantile", alpha=[0.1, 0.5, 0.9])
        train(made, "dear", "dear", kind=lambda i: "yes" if (i % 70) + (i % 3) * 20 > 50 else "no")
        train(made, "sizes", "size", kind=lambda i: ("small", "middle", "large")[((i % 70) + (i % 3) * 20) // 40])
        yield made
