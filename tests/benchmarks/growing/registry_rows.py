"""Rows of models, versions and accounts."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from functools import partial
from typing import Any, Final

import msgspec
import redis

from gateway.identity.account import Account, new_number, to_record
from gateway.identity.accounts import Accounts
from tasks.redis_keys import MODEL_KEY, MODELS_KEY, SUMMARIES_KEY, USER_KEY, USERS_KEY, VERSIONS_KEY
from tasks.registry.descriptions import Descriptions
from tasks.registry.listing import Listing
from tasks.registry.models_registry import Registry
from tasks.registry.records import Snapshot, Summary, Version
from tasks.storage.redis_blobs import RedisBlobs
from tasks.upkeep.retention import sweep
from tests.benchmarks.growing.filled import Filled, filled
from tests.benchmarks.growing.row import Bound, Row, least_ms

TIMES: Final = 5
LIMIT: Final = 100
SCHEMA: Final = msgspec.Raw(json.dumps({"target": "y", "problem": "regression", "columns": []}).encode())
SNAPSHOT: Final = Snapshot(
    estimator="lightgbm",
    schema=SCHEMA,
    fingerprint="f" * 64,
    train="a" * 64,
    holdout="b" * 64,
    rows=1000,
    holdout_rows=200,
    target="y",
    problem="regression",
    created_at=1.0,
)
VERSION: Final = Version(
    estimator="lightgbm",
    target="y",
    problem="regression",
    schema_blob="c" * 64,
    fingerprint="f" * 64,
    artefact="d" * 64,
    params={"num_iterations": 100, "learning_rate": 0.1},
    metrics={"rmse": 1.25, "mae": 0.75, "r2": 0.9},
    importance={f"column{number}": 0.03 for number in range(30)},
    seconds=1.0,
    created_at=1.0,
    task="0" * 32 + "-0",
)


def versions(sizes: Sequence[int]) -> dict[str, list[float]]:
    """A page of versions, and the description of the model that has so many."""
    pages, described = [], []
    for size in sizes:
        with filled() as here:
            _models(here.client, ["m"], versions=size)
            listing, blobs = Listing(here.client), RedisBlobs(here.client)
            descriptions = Descriptions(here.client, Registry(here.client), blobs)
            listing.versions("m", limit=LIMIT)
            pages.append(least_ms(here.client, partial(listing.versions, "m", limit=LIMIT), times=TIMES))
            described.append(least_ms(here.client, partial(descriptions.model, "m"), times=TIMES))
    return {"ms of the processor, a page": pages, "ms of the processor, the model": described}


def models(sizes: Sequence[int]) -> dict[str, list[float]]:
    """A page of models."""
    found = []
    for size in sizes:
        with filled() as here:
            _models(here.client, [f"m{number}" for number in range(size)], versions=1)
            listing = Listing(here.client)
            listing.models(limit=LIMIT)
            found.append(least_ms(here.client, partial(listing.models, limit=LIMIT, after="m5"), times=TIMES))
    return {"ms of the processor, a page": found}


def sweeps(sizes: Sequence[int]) -> dict[str, list[float]]:
    """A sweep while no retention is set, with a blob that nothing refers to, so that all references are looked at."""
    found = []
    for size in sizes:
        with filled() as here:
            _models(here.client, [f"m{number}" for number in range(size)], versions=1)
            found.append(least_ms(here.client, partial(_sweep, here), times=TIMES))
    return {"ms of the processor": found}


def users(sizes: Sequence[int]) -> dict[str, list[float]]:
    """A list of all accounts."""
    found = []
    for size in sizes:
        with filled() as here:
            with here.client.pipeline(transaction=False) as pipe:
                for number in range(size):
                    name = f"user{number}"
                    account = Account(name, frozenset({"estimate"}), 1.0, password="x" * 90, series=new_number())
                    record: dict[Any, Any] = dict(to_record(account))
                    pipe.hset(USER_KEY.format(name=name), mapping=record)
                    pipe.sadd(USERS_KEY, name)
                pipe.execute()
            found.append(least_ms(here.client, partial(_listed, Accounts(here.client)), times=TIMES))
    return {"ms of the processor": found}


def _sweep(here: Filled) -> None:
    RedisBlobs(here.client).put(b"nobody's")
    sweep(here.client, here.settings, now=time.time() + 10**6, part_seconds=60)


def _listed(accounts: Accounts) -> list[Account]:
    return list(accounts.all())


def _models(client: redis.Redis, names: Sequence[str], *, versions: int) -> None:
    record, summary = (
        msgspec.json.encode(VERSION),
        msgspec.json.encode(Summary(metrics=VERSION.metrics, created_at=1.0)),
    )
    with client.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.sadd(MODELS_KEY, name)
            pipe.hset(MODEL_KEY.format(model=name), mapping={"snapshot": msgspec.json.encode(SNAPSHOT), "current": 1})
            for key, value in ((VERSIONS_KEY, record), (SUMMARIES_KEY, summary)):
                pipe.hset(key.format(model=name), mapping=dict.fromkeys(range(1, versions + 1), value))
        pipe.execute()


ROWS: Final = (
    Row(
        name="versions",
        of="versions",
        sizes=(100, 1_000, 10_000),
        measure=versions,
        bounds={
            "ms of the processor, a page": Bound(most=3, exponent=0.3),
            "ms of the processor, the model": Bound(most=3, exponent=0.3),
        },
    ),
    Row(
        name="models",
        of="models",
        sizes=(200, 2_000, 10_000),
        measure=models,
        bounds={"ms of the processor, a page": Bound(most=3, exponent=0.3)},
    ),
    Row(
        name="sweep",
        of="models",
        sizes=(200, 2_000, 10_000),
        measure=sweeps,
        bounds={"ms of the processor": Bound(most=1000, exponent=1.1)},
    ),
    Row(
        name="users",
        of="accounts",
        sizes=(100, 1_000, 10_000),
        measure=users,
        bounds={"ms of the processor": Bound(most=1000, exponent=1.1)},
    ),
)
