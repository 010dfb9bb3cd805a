"""Chances set right: the growing function that is nearest to what came true."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from tasks.registry.measured import Knots

#: Most knots that are kept.
MOST_KNOTS: Final = 1000

Floats = npt.NDArray[np.float64]


def isotonic(chance: Floats, came: Floats, weights: Floats) -> Knots:
    """Isotonic regression by pooling adjacent violators. Source: Barlow et al., Statistical Inference under Order
    Restrictions (1972)."""
    values, places = np.unique(chance, return_inverse=True)
    weight = np.bincount(places, weights, len(values))
    mean = np.bincount(places, weights * came, len(values)) / np.maximum(weight, 1e-300)
    # Blocks: the mean, the weight, and how many different chances each has.
    blocks: list[tuple[float, float, int]] = []
    for one, heavy in zip(mean.tolist(), weight.tolist(), strict=True):
        blocks.append((one, heavy, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (low, a, n), (high, b, m) = blocks[-2:]
            blocks[-2:] = [((low * a + high * b) / max(a + b, 1e-300), a + b, n + m)]
    # A few rows do not show that something never happens.
    edge = 1 / (len(chance) + 2)
    x: list[float] = []
    y: list[float] = []
    start = 0
    for one, _, size in blocks:
        ends = (values[start], values[start + size - 1])
        x += [float(end) for end in ends[: 2 if size > 1 else 1]]
        y += [min(max(one, edge), 1 - edge)] * (2 if size > 1 else 1)
        start += size
    if len(x) > MOST_KNOTS:
        kept = np.linspace(0, len(x) - 1, MOST_KNOTS).round().astype(int)
        x, y = [x[i] for i in kept], [y[i] for i in kept]
    return Knots(x, y)


def applied(chances: Floats, calibration: list[Knots]) -> Floats:
    """Rows of chances, set right. Those of two classes by that of the second; of more each by its own, and so that they
    are 1 in sum again."""
    if chances.shape[1] == 2:
        second = np.interp(chances[:, 1], calibration[0].x, calibration[0].y)
        return np.column_stack([1 - second, second])
    found = np.column_stack([np.interp(chances[:, i], k.x, k.y) for i, k in enumerate(calibration)])
    total = found.sum(axis=1, keepdims=True)
    return np.where(total > 0, found / np.where(total > 0, total, 1), chances)
