"""How a fit says how far it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping

#: Values of metrics, by the rows on which they were measured (`train`, `holdout`) and name.
Metrics = Mapping[str, Mapping[str, float]]
#: What a fit is given to tell how far it is, and to hear that nobody wants it any more: called after each iteration
#: with its number (from 1), how many there may be, and perhaps the metrics that were measured in it (`Metrics`). Let
#: pass what it raises: the work is cancelled, or too late.
Progress = Callable[..., None]
