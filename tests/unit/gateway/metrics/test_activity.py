"""What a chart of the last hours is made of."""

from __future__ import annotations

import pytest

from gateway.metrics.activity import percentile, points
from tasks.contract import Kind
from tasks.ledger.activity import BUCKETS, Minute, noted
from tasks.ledger.work_counts import ROWS, RUN, SUBMITTED

#: A multiple of the step that is asked for (seconds since the epoch).
START = 1_800_000_000


def counted(**buckets: int) -> list[int]:
    """So many in each of these buckets, by upper bound: `b` and the bound, with `_` for the point."""
    return [buckets.get(f"b{bound.replace('.', '_').replace('+', '')}", 0) for bound in BUCKETS]


@pytest.mark.parametrize(
    ("buckets", "part", "seconds"),
    [
        ({}, 0.95, None),
        ({"b0_01": 100}, 0.5, 0.0075),
        ({"b0_005": 95, "b1": 5}, 0.95, 0.005),
        ({"b0_005": 90, "b1": 10}, 0.95, 0.75),
        ({"b0_005": 1, "bInf": 99}, 0.95, 3600.0),
    ],
)
def test_a_percentile_lies_within_its_bucket(buckets: dict[str, int], part: float, seconds: float | None) -> None:
    """As histogram_quantile of Prometheus has it."""
    found = percentile(counted(**buckets), part)
    assert found == (None if seconds is None else pytest.approx(seconds))


def minute(number: int, *, seconds: float = 60.0, **said: object) -> Minute:
    return Minute(at=START + 60.0 * number, seconds=seconds, **said)  # type: ignore[arg-type]


def test_minutes_are_put_together() -> None:
    grown = {noted(Kind.ESTIMATE, ROWS): 10, noted(Kind.ESTIMATE, SUBMITTED): 2, noted(Kind.TRAIN, "failed"): 1}
    waited = {noted(Kind.ESTIMATE, RUN, "0.005"): 20}
    notes = [
        minute(0, grown=grown, unfinished={"train:low": 3}, oldest={"train:low": 5.0, "init:low": 7.0}, memory_bytes=5),
        minute(1, grown=grown | waited, unfinished={"train:low": 1, "init:low": 1}, memory_bytes=6),
        minute(10, disk_bytes=100, disk_free_bytes=40),
    ]
    first, second = points(notes, step_seconds=600)
    assert (first["seconds"], first["rows"], first["failed"]) == (120.0, 20, {"init": 0, "train": 2, "estimate": 0})
    assert first["accepted"] == {"init": 0, "train": 0, "estimate": 4}
    assert first["working_p95_seconds"] == {"init": None, "train": None, "estimate": 0.0047}
    assert first["unfinished"] == {"high": 0, "normal": 0, "low": 3}
    assert first["oldest_seconds"] == {"high": 0.0, "normal": 0.0, "low": 7.0}
    assert (first["redis_bytes"], first["redis_limit_bytes"], first["disk_bytes"]) == (6, None, None)
    assert (second["rows"], second["disk_bytes"], second["disk_free_bytes"]) == (0, 100, 40)
    assert len(points(notes, step_seconds=60)) == 3


@pytest.mark.parametrize("seconds", [0.0, 7200.0])
def test_of_a_time_that_nobody_watched_nothing_is_told(seconds: float) -> None:
    """The first note says of no time; one after a long pause would say that all of it happened in a minute."""
    (point,) = points([minute(0, seconds=seconds, grown={noted(Kind.ESTIMATE, ROWS): 10})], step_seconds=60)
    assert (point["seconds"], point["rows"]) == (0, 0)
