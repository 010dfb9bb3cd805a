"""A learning curve as a small SVG, for a notebook that is updated several times a second: without a library."""

from __future__ import annotations

from html import escape
from typing import Final

from tasks.formatting import compact, plain
from tasks.registry.curve import Curve, Line, shown_range

#: The size of a drawing, and what is left free for words at its left and below it (pixels).
WIDTH: Final = 420
HEIGHT: Final = 140
LEFT: Final = 56
BELOW: Final = 20
#: What is left free at the other edges, for half of a dot.
EDGE: Final = 8
#: Most metrics that are drawn.
METRICS: Final = 3
#: Colours that are seen on white and on black.
_COLOURS: Final = {"train": "#d9622b", "holdout": "#4a7fe0"}
_OTHER: Final = "#888"


def drawing(curve: Curve) -> str:
    """A figure for each metric; nothing if there are no two points."""
    names = [name for name in curve.names if any(len(line.iterations) > 1 for line in curve.lines.values())]
    return "".join(_figure(curve, name) for name in names[:METRICS])


def _figure(curve: Curve, name: str) -> str:
    lines = {part: line for part, line in curve.lines.items() if name in line.metrics}
    low, high = shown_range(curve, name)
    if low == high:
        low, high = low - (abs(low) or 1) / 10, high + (abs(high) or 1) / 10
    first = min(line.iterations[0] for line in lines.values())
    last = max(max(line.iterations[-1] for line in lines.values()), first + 1)

    def point(iteration: int, value: float) -> tuple[float, float]:
        x = LEFT + (iteration - first) / (last - first) * (WIDTH - LEFT - EDGE)
        return round(x, 1), round(EDGE + (high - value) / (high - low) * (HEIGHT - EDGE - BELOW), 1)

    def path(part: str, line: Line) -> str:
        points = " ".join(
            "{},{}".format(*point(*pair)) for pair in zip(line.iterations, line.metrics[name], strict=True)
        )
        return f'<polyline points="{points}" fill="none" stroke="{_colour(part)}" stroke-width="1.5"/>'

    said = [f"{part} {plain(line.metrics[name][-1])}" for part, line in lines.items()]
    dot = ""
    if (best := curve.best.get(name)) is not None and best.iteration >= first:
        x, y = point(best.iteration, best.value)
        dot = f'<circle cx="{x}" cy="{y}" r="4" fill="{_colour("holdout")}"/>'
        said.append(f"best {plain(best.value)} at {best.iteration:,}")
    # An inner SVG shows nothing outside of itself: the first values may be far away.
    bottom = HEIGHT - BELOW
    inner = f'x="{LEFT}" y="0" width="{WIDTH - LEFT}" height="{bottom}" viewBox="{LEFT} 0 {WIDTH - LEFT} {bottom}"'
    drawn = "".join(path(part, line) for part, line in lines.items())
    legend = "".join(f'<tspan fill="{_colour(part)}">{escape(part)} </tspan>' for part in lines)
    words = [
        f'<text x="{LEFT - 6}" y="{EDGE + 8}" text-anchor="end">{compact(high)}</text>',
        f'<text x="{LEFT - 6}" y="{bottom}" text-anchor="end">{compact(low)}</text>',
        f'<text x="{LEFT}" y="{HEIGHT - 5}">{first:,}</text>',
        f'<text x="{WIDTH - EDGE}" y="{HEIGHT - 5}" text-anchor="end">{last:,}</text>',
        f'<text x="{(WIDTH + LEFT) // 2}" y="{HEIGHT - 5}" text-anchor="middle">{escape(name)}: {legend}</text>',
    ]
    alt = escape(f"{name} by iteration: {', '.join(said)}")
    return (
        f'<svg viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" role="img" aria-label="{alt}" '
        f'style="display:block;font:11px sans-serif;fill:currentColor"><svg {inner}>{drawn}</svg>'
        f"{dot}{''.join(words)}</svg>"
    )


def _colour(part: str) -> str:
    return _COLOURS.get(part, _OTHER)
