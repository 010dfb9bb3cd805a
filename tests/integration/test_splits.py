"""Rows keep the side on which a model's last snapshot had them."""

from __future__ import annotations

import io
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from pyarrow import csv

from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, Media
from tasks.estimators.base import Dataset
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.lightgbm import LightGBM
from tasks.learning import ingest
from tasks.redis_keys import BLOB_KEY, MODEL_KEY
from tasks.registry.glances import referenced
from tasks.registry.snapshots import read_dataset
from tasks.tables import formats
from tasks.tables.schema import conform_training
from tasks.worker.runtime import make_runtime
from tests.servers import Valkey
from tests.service import Service
from tests.snapshots import counted, stored

pytestmark = pytest.mark.integration

#: Kinds of passengers, and how many of each lived and died.
KINDS = {("m", 1): (30, 70), ("f", 1): (95, 5), ("m", 2): (20, 80), ("f", 2): (70, 30)}


def passengers(seed: int) -> pa.Table:
    """400 rows of 8 kinds, in an order that depends on the seed."""
    rows = [
        {"sex": sex, "class": place, "y": outcome}
        for (sex, place), counts in KINDS.items()
        for outcome, count in zip(("lived", "died"), counts, strict=True)
        for _ in range(count)
    ]
    return pa.Table.from_pylist(rows).take(np.random.default_rng(seed).permutation(len(rows)))


def lines(table: pa.Table) -> bytes:
    sink = io.BytesIO()
    csv.write_csv(table, sink)
    return sink.getvalue()


def test_a_table_that_comes_again_or_grows_keeps_its_sides(service: Service) -> None:
    first = service.init("passengers", lines(passengers(1)), target="y", media="text/csv").raise_for_status().json()
    assert (first["rows"], first["holdout_rows"]) == (400, 80)
    before = stored(service, "passengers")
    held = Counter((row["sex"], row["class"], row["y"]) for row in before.tested.to_pylist())
    assert first["validation_rows"] == before.holdout.num_rows == 64
    for (sex, place), (lived, died) in KINDS.items():
        assert held[sex, place, "lived"] == pytest.approx(lived / 5, abs=1)
        assert held[sex, place, "died"] == pytest.approx(died / 5, abs=1)
    again = {"rows": passengers(2).to_pylist()}
    assert service.init("passengers", again, target="y").raise_for_status().json()["holdout_rows"] == 80
    shuffled = stored(service, "passengers")
    assert counted(shuffled.tested) == counted(before.tested)
    more = pa.concat_tables([passengers(3).slice(0, 150), passengers(1)])
    grown = service.init("passengers", lines(more), target="y", media="text/csv").raise_for_status().json()
    assert (grown["rows"], grown["holdout_rows"]) == (550, 110)
    after = stored(service, "passengers")
    assert not counted(before.tested) - counted(after.tested)
    assert not counted(before.train) - counted(after.train)
    trained = service.train("passengers").raise_for_status().json()
    assert trained["metrics"]["auc"] > 0.7
    answer = service.estimate("passengers", {"rows": [{"sex": "m", "class": 1}]}).raise_for_status().json()
    assert dict(zip(("died", "lived"), answer["probabilities"][0], strict=True))["lived"] == pytest.approx(0.3, abs=0.1)


class Learner:
    """What a worker does in an init, and the Redis that it does it in."""

    def __init__(self, server: Valkey) -> None:
        self.runtime = make_runtime(Settings(redis_url=server.redis_url, blobs_url="redis"))
        self.registry = self.runtime.registry
        self.redis = server.client()

    def init(self, table: pa.Table, **options: float) -> list[str]:
        """Returns the warnings about the last snapshot."""
        request = ingest.Request(model="m", target="y", estimator=DEFAULT_ESTIMATOR, options=options)
        result = ingest.initialise(self.runtime, request, ingest.from_body(lines(table), Media.CSV))
        return [warning for warning in result["warnings"] if "last snapshot" in warning]

    @property
    def holdout(self) -> Counter[str]:
        return counted(read_dataset(self.runtime.blobs, self.registry.snapshot("m")).tested)


@pytest.fixture
def learner() -> Iterator[Learner]:
    with Valkey() as server:
        learner = Learner(server)
        with learner.redis:
            yield learner
        learner.runtime.disconnect()


def test_what_tells_the_sides_is_kept_and_its_loss_is_said(learner: Learner) -> None:
    assert learner.init(passengers(1)) == []
    sides = learner.registry.snapshot("m").sides
    assert sides in referenced(learner.redis)
    learner.redis.delete(BLOB_KEY.format(digest=sides))
    (warning,) = learner.init(passengers(2))
    assert "is lost" in warning
    assert sides in warning
    assert learner.init(passengers(3)) == []


def test_a_snapshot_of_an_earlier_release_tells_its_sides_by_its_parts(learner: Learner) -> None:
    """There, all equal rows were on one side."""
    learner.init(passengers(1))
    dataset = read_dataset(learner.runtime.blobs, learner.registry.snapshot("m"))
    rows = pa.concat_tables([dataset.train, dataset.holdout, dataset.tested])
    women = pc.equal(rows.column("sex"), "f")
    table = {"train": rows.filter(pc.invert(women)), "holdout": rows.filter(women)}
    parts = {name: learner.runtime.blobs.put(formats.to_ipc(part)) for name, part in table.items()}
    old = msgspec.structs.replace(learner.registry.snapshot("m"), sides="", test="", **parts)
    record = msgspec.json.decode(msgspec.json.encode(old))
    del record["sides"], record["test"], record["validation_rows"]
    learner.redis.hset(MODEL_KEY.format(model="m"), "snapshot", msgspec.json.encode(record))
    (warning,) = learner.init(passengers(2))
    assert "the holdout is 50% of the rows where 20% was asked for" in warning
    held = read_dataset(learner.runtime.blobs, learner.registry.snapshot("m")).tested
    # There is no woman to learn from, so that nothing is known of them.
    assert counted(held.drop_columns(["sex"])) == counted(table["holdout"].drop_columns(["sex"]))
    # As the warning says.
    assert learner.init(passengers(2), holdout=0.25) == []
    assert learner.holdout.total() == 100


class InOrder(LightGBM):
    """Splits by itself, and knows nothing of sides."""

    def prepare(self, table: pa.Table, options: Mapping[str, Any]) -> Dataset:
        first = super().prepare(table, options)
        whole = conform_training(table, first.schema)
        return Dataset(whole.slice(100), whole.slice(0, 100), first.schema)


def test_an_estimator_that_splits_by_itself_goes_on(learner: Learner) -> None:
    usual = learner.runtime
    learner.runtime = replace(usual, estimators=Catalogue({DEFAULT_ESTIMATOR: f"{__name__}:InOrder"}, threads=1))
    rows = passengers(1)
    for table in (rows, rows):
        assert learner.init(table) == []
        assert learner.holdout.total() == 100
    before = learner.holdout
    snapshot = learner.registry.snapshot("m")
    assert (snapshot.test, snapshot.validation_rows) == ("", 0)
    # The next one finds the rows where that one put them.
    learner.runtime = usual
    learner.init(passengers(2))
    assert learner.holdout == before
