"""The fits of a train: the model that is measured, and the one that is served."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.learning.recording import Recorder

#: Of tables with fewer rows the served model learns from the test rows, too, after another one that has not seen them
#: was measured.
FEW_ROWS: Final = 1000


@dataclass(frozen=True)
class Fitted:
    """Two models, which are the same one unless the table has few rows."""

    served: Any
    measured: Any

    @property
    def two(self) -> bool:
        """Whether they are two."""
        return self.served is not self.measured


def fit_models(estimator: Estimator[Any], dataset: Dataset, params: Mapping[str, Any], *, recorder: Recorder) -> Fitted:
    """Fit what is measured on the test rows and what is served. What is recorded is the fit of what is served.

    Raises what the estimator and the recorder raise.
    """
    if dataset.test is None or dataset.rows >= FEW_ROWS or not estimator.repeats:
        found = estimator.fit(dataset, params, recorder)
        return Fitted(found, found)
    measured = estimator.fit(dataset, params, unrecorded(recorder))
    return Fitted(estimator.fit(dataset.with_test(), params, recorder), measured)


def unrecorded(recorder: Recorder) -> Progress:
    """A progress callback of a fit that is not shown, and is stopped like one that is."""
    return lambda _iteration, total, _metrics: recorder.pulse(total)
