"""The figures of a report, drawn by matplotlib."""

from __future__ import annotations

from typing import Final

import numpy as np

from tasks.formatting import percent, plain, shortened
from tasks.registry.curve import Curve, shown_range
from tasks.reports.judging import Calibration, Judged
from tasks.reports.svg import FIRST, INK, LINE, QUIET, SECOND, SHADE, axes, markup

#: Most columns in the figure of importance, and most characters of a name.
COLUMNS: Final = 12
NAME_LENGTH: Final = 22
#: Most points of a scatter: each costs some 70 bytes of the page.
POINTS: Final = 600
#: Bars of a histogram.
BARS: Final = 30
#: What is left free above and below what is shown of a curve, of its height.
CURVE_MARGIN: Final = 0.05
_COLOURS: Final = {"train": SECOND, "holdout": FIRST}


def learning_curve(curve: Curve, metric: str) -> str:
    """The metric of each set by iteration; where the holdout is at its best. The first iterations may be left out."""
    with axes() as drawn:
        said = []
        for part, line in curve.lines.items():
            if metric not in line.metrics:
                continue
            values = line.metrics[metric]
            drawn.plot(line.iterations, values, color=_COLOURS.get(part, QUIET), label=part)
            said.append(f"{part} from {plain(values[0])} to {plain(values[-1])}")
        if (best := curve.best.get(metric)) is not None:
            drawn.plot(best.iteration, best.value, color=FIRST, marker="o", markersize=7, linestyle="")
            said.append(f"the holdout is best at iteration {best.iteration}, with {plain(best.value)}")
        low, high = shown_range(curve, metric)
        if high > low:
            drawn.set_ylim(low - CURVE_MARGIN * (high - low), high + CURVE_MARGIN * (high - low))
        drawn.set_xlabel("iteration")
        drawn.set_ylabel(metric.replace("_", " "))
        drawn.legend(loc="best", labelcolor=INK)
        return markup(drawn, alt=f"{metric} by iteration: {'; '.join(said)}.", salt="curve")


def importance(found: dict[str, float]) -> str:
    """The part of each column in all gain, the greatest at the top."""
    total = sum(found.values()) or 1.0
    top = sorted(found.items(), key=lambda item: -item[1])[:COLUMNS]
    longest = max(len(shortened(name, NAME_LENGTH)) for name, _ in top)
    with axes(left=0.05 + 0.0155 * longest) as drawn:
        places = range(len(top))
        bars = drawn.barh(places, [100 * value / total for _, value in top], color=FIRST, height=0.66)
        drawn.bar_label(bars, [percent(value / total) for _, value in top], padding=4, color=QUIET, fontsize=10)
        drawn.set_yticks(places, [shortened(name, NAME_LENGTH) for name, _ in top])
        drawn.tick_params(axis="y", length=0, labelcolor=INK)
        drawn.invert_yaxis()
        drawn.margins(x=0.16)
        drawn.set_xlabel("part of all gain (%)")
        drawn.grid(visible=False, axis="y")
        said = ", ".join(f"{name} {percent(value / total)}" for name, value in top[:3])
        return markup(drawn, alt=f"Importance of the columns, the greatest first: {said}.", salt="importance")


def calibration(found: Calibration, *, event: str) -> str:
    """How often what was given a chance came true; on the diagonal if chances can be taken at their word."""
    with axes() as drawn:
        drawn.plot([0, 1], [0, 1], color=QUIET, linewidth=1, linestyle=(0, (4, 4)))
        drawn.plot(found.given, found.true, color=FIRST, marker="o", markersize=6)
        drawn.set_xlim(-0.02, 1.02)
        drawn.set_ylim(-0.02, 1.05)
        drawn.set_xlabel(f"chance given to {shortened(event, NAME_LENGTH)}")
        drawn.set_ylabel("part that came true")
        off = max(abs(a - b) for a, b in zip(found.given, found.true, strict=True))
        alt = f"Calibration: the given chance and what came true differ by {percent(off)} at most."
        return markup(drawn, alt=alt, salt="calibration")


def scatter(judged: Judged) -> str:
    """Prediction against truth."""
    chosen = np.linspace(0, len(judged.truth) - 1, min(POINTS, len(judged.truth))).astype(np.int64)
    truth, given = judged.truth[chosen], judged.given[chosen]
    with axes() as drawn:
        low, high = float(min(truth.min(), given.min())), float(max(truth.max(), given.max()))
        drawn.plot([low, high], [low, high], color=QUIET, linewidth=1, linestyle=(0, (4, 4)))
        drawn.plot(truth, given, color=FIRST, marker="o", markersize=3.6, linestyle="", alpha=0.45, markeredgewidth=0)
        drawn.set_xlabel("truth")
        drawn.set_ylabel("prediction")
        related = float(np.corrcoef(truth, given)[0, 1]) if truth.std() and given.std() else 0.0
        return markup(drawn, alt=f"Predictions against the truth; their correlation is {related:.3f}.", salt="scatter")


def residuals(judged: Judged) -> str:
    """How often the truth lies how far from the prediction."""
    values = judged.misses
    low, high = np.quantile(values, [0.005, 0.995])
    with axes() as drawn:
        inside = values[(values >= low) & (values <= high)]
        drawn.hist(inside, bins=BARS, color=SHADE, edgecolor=FIRST, linewidth=0.8)
        drawn.axvline(0, color=INK, linewidth=1)
        drawn.set_xlabel("truth less prediction")
        drawn.set_ylabel("rows")
        drawn.grid(visible=False, axis="x")
        drawn.grid(color=LINE, axis="y")
        middle, spread = float(np.median(values)), float(np.quantile(np.abs(values), 0.9))
        alt = f"Residuals: their median is {plain(middle)}; nine of ten are within {plain(spread)}."
        return markup(drawn, alt=alt, salt="residuals")
