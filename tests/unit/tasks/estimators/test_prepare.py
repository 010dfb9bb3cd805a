"""What every estimator's `prepare` holds out."""

from __future__ import annotations

import io
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import csv, parquet

from tasks.contract import Media
from tasks.estimators.base import Dataset, Estimator
from tasks.estimators.lightgbm import LightGBM
from tasks.tables import formats
from tasks.tables.reading.bodies import read_table


def table(target: Any) -> pa.Table:
    """200 rows with numbers, whole numbers, text and booleans, some of them missing, some of the rows equal."""
    rng = np.random.default_rng(5)
    holes = rng.random(200) < 0.1
    return pa.table(
        {
            "x": pa.array(np.round(rng.normal(size=200), 2), mask=holes),
            "whole": np.where(rng.random(200) < 0.5, 1, rng.integers(-5, 5, size=200)),
            "text": pa.array(rng.choice(["a", "b", "Ünsinn"], size=200).tolist(), mask=holes[::-1]),
            "flag": rng.random(200) < 0.5,
            "y": target(rng),
        }
    ).take(np.minimum(np.arange(200), 170))


def bodies(data: pa.Table) -> dict[Media, bytes]:
    """The rows as each format has them, in several chunks where it can."""
    lines, columns, parts = io.BytesIO(), io.BytesIO(), pa.BufferOutputStream()
    csv.write_csv(data, lines)
    parquet.write_table(data, columns, row_group_size=37)
    coded = data.set_column(2, "text", data.column("text").dictionary_encode())
    with pa.ipc.new_stream(parts, coded.schema) as writer:
        writer.write_table(coded, max_chunksize=53)
    return {
        Media.CSV: lines.getvalue(),
        Media.JSON: json.dumps({"rows": data.to_pylist()}).encode(),
        Media.PARQUET: columns.getvalue(),
        Media.ARROW: parts.getvalue().to_pybytes(),
    }


@pytest.mark.parametrize(
    "target",
    [
        lambda rng: rng.choice(["no", "yes"], size=200),
        lambda rng: rng.integers(3, size=200),
        lambda rng: rng.random(200) < 0.2,
        lambda rng: np.round(rng.normal(size=200), 1),
    ],
    ids=["text", "whole", "boolean", "regression"],
)
def test_the_same_rows_have_the_same_sides_in_every_format(target: Any) -> None:
    data = table(target)
    prepared = [LightGBM().prepare(read_table(body, media), {"target": "y"}) for media, body in bodies(data).items()]
    for dataset in prepared[1:]:
        assert formats.fingerprint(dataset.tested) == formats.fingerprint(prepared[0].tested)
        assert formats.fingerprint(dataset.holdout) == formats.fingerprint(prepared[0].holdout)
        assert formats.fingerprint(dataset.train) == formats.fingerprint(prepared[0].train)
    turned = read_table(bodies(data.take(np.arange(200)[::-1]))[Media.PARQUET], Media.PARQUET)
    again = LightGBM().keeping(prepared[0].sides).prepare(turned, {"target": "y"})
    assert counted(again.tested) == counted(prepared[0].tested)
    assert counted(again.holdout) == counted(prepared[0].holdout)


def test_keeping_is_of_this_init_only() -> None:
    data = table(lambda rng: rng.random(200) < 0.2)
    estimator = LightGBM(threads=2)
    other = estimator.prepare(data, {"target": "y", "holdout": 0.5}).sides
    assert other is not None
    known = replace(other, fraction=None)
    kept = estimator.keeping(known)
    assert (type(kept), kept.threads) == (LightGBM, 2)
    assert kept.prepare(data, {"target": "y"}).tested.num_rows == 100
    assert estimator.prepare(data, {"target": "y"}).tested.num_rows == 40


class Halving(LightGBM):
    """Prepares as an estimator may that was written before there were sides."""

    def __init__(self) -> None:
        """Calls no other."""

    def prepare(self, table: pa.Table, options: Mapping[str, Any]) -> Dataset:
        if options.get("holdout") is None:
            return super().prepare(table, options)
        whole = super().prepare(table, {"target": options["target"]})
        return Dataset(whole.train.slice(0, 50), whole.train.slice(50), whole.schema)


def test_estimators_with_a_prepare_of_their_own_go_on() -> None:
    data = table(lambda rng: rng.random(200) < 0.2)
    estimator: Estimator[Any] = Halving()
    first = estimator.keeping(None).prepare(data, {"target": "y", "holdout": 0.1})
    assert (first.train.num_rows, first.holdout.num_rows, first.sides) == (50, 78, None)
    assert first.tested is first.holdout
    assert estimator.keeping(None).prepare(data, {"target": "y"}).tested.num_rows == 40


def counted(part: pa.Table) -> Counter[str]:
    return Counter(json.dumps(row) for row in part.to_pylist())
