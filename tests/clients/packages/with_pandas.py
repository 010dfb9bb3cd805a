"""Frames of pandas, with pyarrow beside it, in and out of our own client."""

from __future__ import annotations

import pandas as pd
from asking import NUMBERS, asked, columns, learn, tell  # type: ignore[import-not-found]

from tasks.client import Client

AT = asked()


def main() -> None:
    """A frame to learn from, frames to estimate, and a frame of results."""
    with Client(AT.url, token=AT.token) as client:
        learned = pd.DataFrame(
            {"day": pd.date_range("2026-01-01", periods=90), "kind": pd.Categorical(list("abc") * 30)}
        )
        learned["y"] = learned["day"].dt.day_of_week.astype(float)
        learn(client, f"{AT.model}-learned", learned)
        frame = pd.DataFrame(columns())
        found = client.estimate(AT.model, data=frame, keep=["kind"]).table(timeout=60, library="pandas")
        assert isinstance(found, pd.DataFrame)
        assert list(found["kind"]) == list(frame["kind"]), found
        numbers = client.estimate(AT.numbers, rows=pd.DataFrame(NUMBERS, columns=["a", "b"]))
        tell(rows=found["prediction"], numbers=numbers.table(timeout=60, library="pandas")["prediction"])


if __name__ == "__main__":
    main()
