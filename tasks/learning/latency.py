"""A train whose model is to answer a row within a time: measured, and bounded by smaller models."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

import numpy as np

from tasks.errors import InvalidField, InvalidParams
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.registry.latency import Latency
from tasks.tables.schema import conform, missing_anywhere

#: How many rows are asked one after the other, and how many of them before anything is measured.
ROWS: Final = 60
WARM: Final = 10
#: The next model is to take this part of the time that there is: what is measured varies.
MARGIN: Final = 0.9
#: Most models that are fitted to find one that is quick enough.
MOST_FITS: Final = 10
#: A model that takes less than this part of the time is smaller than it need be.
ROOM: Final = 0.5

Made = TypeVar("Made")


class Limit:
    """Keeps models of one dataset below a time."""

    def __init__(
        self,
        seconds: float,
        estimator: Estimator[Any],
        dataset: Dataset,
        *,
        clock: Callable[[], float] = time.perf_counter,
    ) -> None:
        """Raises InvalidField for what is no time, and for data without rows."""
        if isinstance(seconds, bool) or not (isinstance(seconds, int | float) and 0 < seconds < math.inf):
            raise InvalidField(f"predict_seconds must be a number above 0, not {seconds!r}").at("/predict_seconds")
        if not dataset.tested.num_rows:
            raise InvalidField("predict_seconds: there are no rows to measure a model with; leave it out").at(
                "/predict_seconds"
            )
        self._most, self._estimator, self._dataset = seconds, estimator, dataset
        self._clock, self._least = clock, 0.0
        self._first: float | None = None
        self._measured = math.nan

    def check(self, params: Mapping[str, Any], progress: Progress) -> None:
        """Fit the smallest model, if the estimator knows which that is. Raises InvalidField if it is too slow."""
        smallest = self._estimator.quicker(params, None, 0.0)
        if smallest is None:
            return
        self._least = self.measure(self._estimator.fit(self._dataset, {**params, **smallest}, progress))
        if self._least > self._most:
            raise self._refusal("even the smallest model", self._least)

    def measure(self, model: Any) -> float:
        """How long a row takes (seconds): the median of some that are asked alone."""
        schema, missing = self._dataset.schema, missing_anywhere(self._dataset.schema)
        rows = self._dataset.tested.slice(0, ROWS).select(schema.names)
        taken = []
        for number in range(ROWS):
            # The same again where there are fewer.
            row = rows.slice(number % rows.num_rows, 1)
            start = self._clock()
            self._estimator.predict(model, conform(row, missing))
            taken.append(self._clock() - start)
        return float(np.median(taken[WARM:]))

    def allow(self, model: Any) -> None:
        """Raises InvalidParams for a model that is too slow."""
        if (taken := self.measure(model)) > self._most:
            raise InvalidParams(f"a row takes {taken:.2g} s, more than predict_seconds {self._most:g}")

    def kept(
        self, params: Mapping[str, Any], fit: Callable[[Mapping[str, Any]], Made], *, model: Callable[[Made], Any]
    ) -> tuple[dict[str, Any], Made]:
        """(params, what `fit` made of them): smaller models until one is quick enough, and one more between that and
        the one before if it is much quicker. `model` is that of what was made. Raises InvalidField if none is."""
        now, taken, part = dict(params), math.nan, 1.0
        slow: tuple[dict[str, Any], Any] | None = None
        quick: tuple[dict[str, Any], Made] | None = None
        for _ in range(MOST_FITS):
            made = fit(now)
            taken = self.measure(model(made))
            self._first = taken if self._first is None else self._first
            if taken <= self._most:
                self._measured = taken
                if quick or slow is None or taken > ROOM * self._most:
                    return now, made
                # Where trees do not fit into the caches any more, time grows by more than their number.
                quick, part = (now, made), math.sqrt(part)
            elif quick:
                break
            else:
                slow, part = (now, model(made)), self._part(taken)
            changed = self._estimator.quicker(*slow, part)
            if changed is None:
                break
            now = {**slow[0], **changed}
        if quick is None:
            raise self._refusal("the smallest model that was tried", taken)
        return quick

    def _part(self, taken: float) -> float:
        """The part of its time that the next model may take, at most."""
        return min(MARGIN * (self._most - self._least) / max(taken - self._least, 1e-9), MARGIN)

    def told(self, asked: Mapping[str, Any], used: Mapping[str, Any]) -> Latency:
        """What is kept of it; `asked` are the params before they were bounded."""
        assert self._first is not None
        changed = {name: value for name, value in used.items() if name not in asked or asked[name] != value}
        return Latency(
            most=self._most,
            measured=float(f"{self._measured:.3g}"),
            rows=ROWS - WARM,
            at_first=float(f"{self._first:.3g}"),
            bounded=changed,
        )

    def _refusal(self, what: str, taken: float) -> InvalidField:
        return InvalidField(
            f"predict_seconds {self._most:g} cannot be kept on this machine: {what} takes {taken:.2g} s for a row"
        ).at("/predict_seconds")
