"""The plot of single rows: requests a second and latency by number of connections, for each subject."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

#: One colour a subject, that eyes without red or green can tell apart.
COLOURS: Final = ("#0072b2", "#e69f00", "#7f7f7f")
#: Part of the room of one number of connections that its bars fill.
FILLED: Final = 0.8


def write(figures: Sequence[dict[str, Any]], path: Path) -> None:
    """Write an SVG of what `answers` found."""
    from matplotlib import rc_context
    from matplotlib.figure import Figure

    # Text stays text, and the same figures give the same file.
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": "benchmarks", "font.size": 9}):
        figure = Figure(figsize=(9, 3.4), layout="constrained")
        rate, latency = figure.subplots(1, 2)
        _bars(rate, figures, key="rate")
        rate.set(title="Requests a second (more is better)", xlabel="connections")
        rate.legend(frameon=False)
        _bars(latency, figures, key="p50_ms", top="p99_ms")
        latency.set(title="Milliseconds: bar p50, line to p99 (less is better)", xlabel="connections", yscale="log")
        for axes in (rate, latency):
            axes.spines[["top", "right"]].set_visible(False)
        figure.savefig(path, format="svg", metadata={"Date": None})


def _bars(axes: Any, figures: Sequence[dict[str, Any]], *, key: str, top: str = "") -> None:
    names = list(figures[0]["subjects"])
    width = FILLED / len(names)
    for number, name in enumerate(names):
        found = [figure["subjects"][name] for figure in figures]
        places = [index + (number - (len(names) - 1) / 2) * width for index in range(len(found))]
        heights = [values[key] for values in found]
        axes.bar(places, heights, width * 0.9, label=name, color=COLOURS[number % len(COLOURS)])
        if top:
            axes.vlines(places, heights, [values[top] for values in found], color="black", linewidth=1)
    axes.set_xticks(range(len(figures)), [str(figure["connections"]) for figure in figures])
