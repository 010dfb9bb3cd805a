"""What may predict a booster's large tables faster than LightGBM does, as an estimator knows it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol


class FastCode(Protocol):
    """Code for one booster. Not for several threads; the function that it gives is."""

    def function(self, rows: int, text: Callable[[], str]) -> Callable[[Any], Any] | None:
        """What predicts a table of so many rows, as `Booster.predict` does; None if that is to do it. `text`: gives the
        booster in LightGBM's text format. Takes no time that counts, and raises nothing."""

    def take_news(self) -> str:
        """How large tables are predicted now, or why it stays as it was; empty if that was said before."""


class FastCodeMaker(Protocol):
    """Makes it of a booster in LightGBM's text format; `refused` says why there can be none."""

    def __call__(self, text: bytes, *, refused: str = "") -> FastCode: ...
