"""Frames of polars, without pyarrow, in and out of our own client."""

from __future__ import annotations

from datetime import date, timedelta
from importlib.util import find_spec

import polars as pl  # type: ignore[import-not-found,unused-ignore]
from asking import NUMBERS, asked, columns, learn, tell  # type: ignore[import-not-found]

from tasks.client import Client

AT = asked()


def main() -> None:
    """A frame to learn from, frames to estimate, and a frame of results."""
    assert find_spec("pyarrow") is None
    with Client(AT.url, token=AT.token) as client:
        days = [date(2026, 1, 1) + timedelta(days=n) for n in range(90)]
        learned = pl.DataFrame({"day": days, "kind": pl.Series(list("abc") * 30, dtype=pl.Categorical)}).with_columns(
            y=pl.col("day").dt.weekday().cast(pl.Float64)
        )
        learn(client, f"{AT.model}-learned", learned)
        frame = pl.DataFrame(columns())
        found = client.estimate(AT.model, data=frame, keep=["kind"]).table(timeout=60)
        assert isinstance(found, pl.DataFrame)
        assert found["kind"].to_list() == frame["kind"].to_list(), found
        numbers = client.estimate(AT.numbers, rows=pl.DataFrame(NUMBERS, schema=["a", "b"], orient="row"))
        tell(rows=found["prediction"].to_list(), numbers=numbers.table(timeout=60)["prediction"].to_list())


if __name__ == "__main__":
    main()
