"""Which rows that are predicted are looked at, and what is counted of them."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest
import redis

from tasks.registry.drift import OTHERS, Drift, Sample
from tasks.tables.batch import Batch
from tasks.tables.columns import Column, Schema
from tasks.tables.schema import arrow_schema
from tasks.worker.sampling import LOOK_SECONDS, PARTS, ROWS, VALUES, Sampler

SCHEMA = Schema(
    columns=[
        Column("area", "number", min=0.0, max=100.0),
        Column("city", "category", categories=["Basel", "Bern"]),
        Column("lift", "boolean"),
        Column("sold", "date"),
        Column("note", "text"),
        Column("flat", "number", min=5.0, max=5.0),
        Column("old", "number"),
    ],
    target="y",
    problem="regression",
)


class Kept(Drift):
    """Keeps what is put down."""

    def __init__(self) -> None:
        self.samples_of: list[tuple[str, Sample]] = []
        self.fails = False

    def add(self, model: str, sample: Sample) -> None:
        if self.fails:
            raise redis.exceptions.ConnectionError("away")
        self.samples_of.append((model, sample))


class Looking:
    """A sampler whose clock is set by hand."""

    def __init__(self) -> None:
        self.kept, self.now = Kept(), 0.0
        self.sampler = Sampler(self.kept, ticks=lambda: self.now, clock=lambda: self.now)

    def see(self, rows: list[tuple[object, ...]], *, version: int = 1, after: float = LOOK_SECONDS) -> None:
        self.now += after
        fields = arrow_schema(SCHEMA)
        columns = [pa.array([row[at] for row in rows]).cast(fields.types[at]) for at in range(len(SCHEMA.columns))]
        self.sampler.see("m", version, SCHEMA, Batch.of(pa.table(columns, schema=fields)))


def row(area: float | None = 1.0, city: str | None = "Basel", *, lift: bool | None = True) -> tuple[object, ...]:
    return (area, city, lift, None, "t", 5.0, 1.0)


def test_values_are_counted_by_column() -> None:
    looking = Looking()
    rows = [row(0.0), row(99.9, "Bern", lift=False), row(100.0, None, lift=None), row(-1.0), row(101.0), row(math.nan)]
    looking.see(rows)
    ((model, sample),) = looking.kept.samples_of
    assert (model, sample.version, sample.rows) == ("m", 1, 6)
    area, city, lift = (sample.columns[name] for name in ("area", "city", "lift"))
    assert area.parts == [1, *[0] * (PARTS - 2), 2]
    assert (area.below, area.above, area.missing, area.low, area.high) == (1, 1, 1, 0.0, 100.0)
    assert (city.values, city.missing) == ({"Basel": 4, "Bern": 1}, 1)
    assert (lift.values, lift.missing) == ({"true": 4, "false": 1}, 1)
    assert (sample.columns["sold"].missing, sample.columns["note"].missing) == (6, 0)
    assert sum(sample.columns["flat"].parts) == 6
    assert sample.columns["old"].parts == [0] * PARTS, "a version of an earlier release knows no range"


def test_no_more_is_looked_at_than_is_meant() -> None:
    looking = Looking()
    looking.see([row()] * (ROWS + 5))
    looking.see([row()], after=LOOK_SECONDS / 2)
    looking.see([row()] * 3, after=LOOK_SECONDS)
    assert [sample.rows for _, sample in looking.kept.samples_of] == [ROWS]
    looking.see([row()], after=2.0)
    assert [sample.rows for _, sample in looking.kept.samples_of] == [ROWS, 4]


def test_what_is_counted_waits_longer_each_time() -> None:
    looking = Looking()
    for _ in range(1200):
        looking.see([row()])
    at = [sample.at for _, sample in looking.kept.samples_of]
    waits = np.diff(at)
    assert waits[:4] == pytest.approx([1.0, 2.0, 4.0, 8.0], abs=LOOK_SECONDS)
    assert waits.max() <= 60.0 + LOOK_SECONDS
    assert sum(sample.rows for _, sample in looking.kept.samples_of) <= 1200


def test_another_version_is_counted_by_itself() -> None:
    looking = Looking()
    looking.see([row()] * 2)
    looking.see([row()] * 3, version=2)
    assert [(sample.version, sample.rows) for _, sample in looking.kept.samples_of] == [(1, 2), (2, 3)]


def test_rare_values_are_others() -> None:
    looking = Looking()
    cities = [f"c{number}" for number in range(VALUES + 10)]
    looking.see([row(city=city) for city in cities for _ in range(2)])
    (_, sample) = looking.kept.samples_of[0]
    values = sample.columns["city"].values
    assert (len(values), values[OTHERS], sum(values.values())) == (VALUES + 1, 20, 2 * len(cities))


def test_nobody_hears_of_what_goes_wrong(caplog: pytest.LogCaptureFixture) -> None:
    looking = Looking()
    looking.kept.fails = True
    looking.see([row()])
    assert "could not be looked at" in caplog.text
    looking.kept.fails = False
    looking.see([row()], after=5.0)
    assert len(looking.kept.samples_of) == 1
