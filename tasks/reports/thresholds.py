"""What a classifier of two classes would do at each threshold: data for who chooses one, in the report."""

from __future__ import annotations

from typing import Any, Final

import numpy as np

from tasks.reports.judging import Judged
from tasks.reports.markup import held
from tasks.reports.subject import Subject

#: Most thresholds that are told: those between which an equal number of rows lies.
POINTS: Final = 100
#: By what the element is found.
ELEMENT: Final = "operating-points"


def operating_points(subject: Subject) -> str:
    """An element that shows nothing and holds them, as JSON; nothing for what is no choice between two classes."""
    judged = subject.judged
    if judged is None or len(judged.classes) != 2:
        return ""
    told = {**at_thresholds(judged), "threshold": subject.version.decision.threshold}
    return held(ELEMENT, told)


def at_thresholds(judged: Judged) -> dict[str, Any]:
    """For each threshold, upwards, how many rows of the second class (`true`) and of the first (`false`) have a chance
    of the second that is not below it."""
    chance, came = judged.chances[:, 1], np.asarray(judged.truth == 1)
    inner = np.unique(np.quantile(chance, np.linspace(0, 1, POINTS)))
    thresholds = np.unique(np.concatenate([[0.0], inner, [1.0]]))
    of_true, of_false = np.sort(chance[came]), np.sort(chance[~came])
    return {
        "class": str(judged.classes[1]),
        "other": str(judged.classes[0]),
        "rows": len(chance),
        "positives": len(of_true),
        "thresholds": thresholds.tolist(),
        "true": (len(of_true) - np.searchsorted(of_true, thresholds)).tolist(),
        "false": (len(of_false) - np.searchsorted(of_false, thresholds)).tolist(),
    }
