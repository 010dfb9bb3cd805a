"""Which rows are held out."""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from tasks.tables.splitting import row_hashes, split

EXPECTED = [16022611369417259637, 9910946997551988322, 9611803905531855259]


def numbered(count: int) -> pa.Table:
    """Rows that all differ."""
    rng = np.random.default_rng(3)
    return pa.table({"x": rng.normal(size=count), "t": [f"t{i % 7}" for i in range(count)]})


def test_about_the_fraction_is_held_out() -> None:
    train, holdout = split(numbered(10_000), 0.2)
    assert train.num_rows + holdout.num_rows == 10_000
    assert 1800 < holdout.num_rows < 2200


def test_data_that_grows_keeps_its_sides() -> None:
    data = numbered(1000)
    early = set(split(data.slice(0, 400), 0.3)[1].column("x").to_pylist())
    late = set(split(data, 0.3)[1].column("x").to_pylist())
    assert early == late & set(data.slice(0, 400).column("x").to_pylist())


def test_hashes_are_of_values_not_of_types_or_chunks() -> None:
    plain = pa.table({"x": [1, 2, None], "t": ["a", None, "b"], "b": [True, None, False]})
    other = pa.table(
        {
            "x": [1.0, 2.0, float("nan")],
            "t": pa.array(["a", None, "b"]).dictionary_encode(),
            "b": [True, None, False],
        }
    )
    parts = pa.concat_tables([plain.slice(0, 1), plain.slice(1)])
    assert (row_hashes(plain) == row_hashes(other)).all()
    assert (row_hashes(plain) == row_hashes(parts)).all()
    # Fixed for ever: a snapshot's holdout is compared with that of the next.
    assert row_hashes(plain).tolist() == EXPECTED


def test_no_side_is_ever_empty() -> None:
    for fraction in (0.0001, 0.9):
        train, holdout = split(numbered(3), fraction)
        assert train.num_rows
        assert holdout.num_rows
    same = pa.table({"x": [1.0] * 10})
    assert [part.num_rows for part in split(same, 0.5)] in ([9, 1], [1, 9])


def test_train_has_every_class_and_every_kind_of_hole() -> None:
    rng = np.random.default_rng(0)
    for seed in range(20):
        x = rng.normal(size=40)
        x[seed] = np.nan
        y = ["a", "b"] * 16 + ["rare"] * 2 + ["few"] * 6
        train, holdout = split(pa.table({"x": x, "y": y}), 0.6, target="y", classes=True)
        assert set(train.column("y").to_pylist()) == {"a", "b", "rare", "few"}
        assert {"a", "b", "few"} <= set(holdout.column("y").to_pylist())
        assert np.isnan(train.column("x").to_numpy()).sum() == 1
