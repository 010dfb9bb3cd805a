"""What is kept of how a version was measured and how it decides."""

from __future__ import annotations

from typing import Final, Literal

import msgspec

MeasuredBy = Literal["test", "holdout", "cross_validation"]


class Measured(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """On what a version's metrics were measured, what they would be without a model, and how far off they may be."""

    #: `test`: rows that were used for nothing else; `holdout`: rows by which the fit stopped, too, as in versions from
    #: before there were three parts; `cross_validation`: all rows, each by a model that has not seen it.
    by: MeasuredBy = "holdout"
    rows: int = 0
    #: How many models were fitted for it; 0 but for cross-validation.
    folds: int = 0
    #: Which of the metrics decides.
    metric: str = ""
    #: What a guess by the target alone has: the mean, the share of each class, for later rows the last value.
    baseline: dict[str, float] = {}
    #: 95 % intervals.
    intervals: dict[str, tuple[float, float]] = {}
    #: Of cross-validation: the mean of the folds' own metrics and their standard deviation.
    mean: dict[str, float] = {}
    spread: dict[str, float] = {}
    #: Of cross-validation: the metrics of the model that has not learned from the test rows, on these.
    test: dict[str, float] = {}
    #: What the model that is served has learned from.
    fitted_on: Literal["train", "train and test"] = "train"


class Knots(msgspec.Struct, frozen=True):
    """A growing function, straight between its knots."""

    x: list[float]
    y: list[float]


class Decision(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a version does with what its model says; all of it was found on validation rows."""

    #: The chance of the second of two classes from which on it is given; None: the more probable one is.
    threshold: float | None = None
    #: How the threshold was chosen, in words.
    because: str = ""
    #: For each class (of two, for the second alone) what its chance becomes; empty: what it is.
    calibration: list[Knots] = []
    #: How wrong the model is (the size of the residual; for classes what is missing from 1 to the chance of the true
    #: one): values of the validation rows in order, evenly thinned.
    scores: list[float] = []
    #: How many validation rows there were.
    scored: int = 0


#: Of versions of earlier releases.
NO_DECISION: Final = Decision()
