"""From which chance on the second of two classes is given: what is best on validation rows."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def best_threshold(
    chance: Floats, positive: npt.NDArray[np.bool_], weights: Floats, *, rule: str, costs: tuple[float, float] = (1, 1)
) -> float:
    """The chance from which on the second class is best given, by `max_f1`, `balanced` (accuracy) or `cost` of a false
    positive and a false negative. It lies in the middle between two chances that there are."""
    values, places = np.unique(chance, return_inverse=True)
    with_class = np.bincount(places, weights * positive, len(values))
    without = np.bincount(places, weights * ~positive, len(values))
    # If all from values[i] on are given: true and false positives. The last one: none is given.
    right = np.append(np.cumsum(with_class[::-1])[::-1], 0.0)
    wrong = np.append(np.cumsum(without[::-1])[::-1], 0.0)
    missed = right[0] - right
    if rule == "max_f1":
        worth = 2 * right / np.maximum(2 * right + wrong + missed, 1e-300)
    elif rule == "balanced":
        worth = right / max(right[0], 1e-300) - wrong / max(wrong[0], 1e-300)
    else:
        worth = -(costs[0] * wrong + costs[1] * missed)
    best = int(np.flatnonzero(worth >= worth.max() - 1e-12).mean())
    ends = np.concatenate(([0.0], values, [1.0]))
    return float((ends[best] + ends[best + 1]) / 2)
