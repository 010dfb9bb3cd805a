"""What a report is about."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final

from tasks.estimators.base import Dataset
from tasks.estimators.ndcg import CUTS
from tasks.registry.records import Version
from tasks.reports.judging import Judged
from tasks.reports.segments import Split, splits

#: What each metric is, and whether more of it is better. For a metric that is not here nothing is said of that.
METRICS: Final = {
    "rmse": ("root mean squared error", False),
    "mae": ("mean absolute error", False),
    "r2": ("part of the variance explained", True),
    "auc": ("chance that a positive ranks above a negative", True),
    "log_loss": ("mean -ln of the chance given to the truth", False),
    "accuracy": ("part that is right", True),
    "mape": ("mean absolute error as a part of the truth", False),
    "pinball": ("mean loss of the quantile", False),
    "average_precision": ("mean precision over all thresholds", True),
    "balanced_accuracy": ("part that is right, mean over classes", True),
    "f1": ("harmonic mean of precision and recall", True),
    **{f"ndcg@{cut}": (f"how well the first {cut} of each query are in order", True) for cut in CUTS},
    "calibration_error": ("how far chances are from what comes true", False),
}


@dataclass(frozen=True)
class Subject:
    """What a report is about. `before` is the version before it, with its number."""

    model: str
    number: int
    version: Version
    dataset: Dataset
    judged: Judged | None
    before: tuple[int, Version] | None

    @cached_property
    def splits(self) -> list[Split]:
        """Where it errs; nothing where nothing was judged, or places in lists were."""
        schema = self.dataset.schema
        if self.judged is None or schema.problem == "ranking":
            return []
        return splits(self.judged, schema.columns, self.version.importance)
