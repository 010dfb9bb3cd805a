"""Intervals and sets that hold the truth as often as asked for, by split-conformal prediction.

Source: Lei et al., Distribution-Free Predictive Inference for Regression, JASA 113 (2018), 1094-1111; for classes
Sadinle, Lei and Wasserman, Least Ambiguous Set-Valued Classifiers, JASA 114 (2019), 223-234.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from tasks.errors import InvalidField
from tasks.registry.measured import Decision

#: Most scores that are kept (8 bytes each).
MOST_SCORES: Final = 1001

Floats = npt.NDArray[np.float64]


def interval_of(query: Mapping[str, str]) -> float | None:
    """How often the truth shall be inside, if that is asked for. Raises InvalidField."""
    text = query.get("interval")
    if text is None:
        return None
    try:
        level = float(text)
    except ValueError:
        level = 0.0
    if not 0 < level < 1:
        raise InvalidField(f"interval must be a number between 0 and 1, such as 0.9, not {text!r}").at("?interval")
    return level


def kept_scores(scores: Floats) -> list[float]:
    """Scores in order, evenly thinned if there are many; the least and the greatest stay."""
    ordered = np.sort(scores)
    if len(ordered) > MOST_SCORES:
        ordered = ordered[np.linspace(0, len(ordered) - 1, MOST_SCORES).round().astype(np.intp)]
    return [float(value) for value in ordered]


def reach(decision: Decision, level: float) -> float:
    """The score that `level` of new rows are not above. Raises InvalidField if the version cannot say."""
    if not decision.scores:
        raise InvalidField(
            "interval cannot be told by this version: it was measured on no rows, or by an earlier release; train on"
            " rows that have the target"
        ).at("?interval")
    rank = math.ceil((decision.scored + 1) * level - 1e-9)
    if rank > decision.scored:
        least = math.ceil(level / (1 - level) - 1e-9)
        raise InvalidField(
            f"interval={level:g} needs {least} validation rows; this version had {decision.scored}: ask for at most"
            f" {math.floor(1000 * decision.scored / (decision.scored + 1)) / 1000:g}"
        ).at("?interval")
    place = (rank - 1) / max(decision.scored - 1, 1) * (len(decision.scores) - 1)
    return decision.scores[math.ceil(place - 1e-9)]


def interval_bounds(values: Floats, decision: Decision, level: float) -> tuple[Floats, Floats]:
    """The lower and the upper end for each prediction of a regression."""
    width = reach(decision, level)
    return values - width, values + width


def class_sets(
    chances: Sequence[Sequence[float]], classes: Sequence[Any], decision: Decision, level: float
) -> list[list[Any]]:
    """The classes that may be the true one, for each row; the most probable one at least."""
    least = 1 - reach(decision, level)
    rows = np.asarray(chances)
    taken = rows >= least - 1e-12
    taken[np.arange(len(rows)), rows.argmax(axis=1)] = True
    return [[value for value, there in zip(classes, row, strict=True) if there] for row in taken.tolist()]
