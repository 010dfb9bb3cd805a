"""A figure as SVG that stands in a page: it takes its font, and its colours, light or dark, from there."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from html import escape
from typing import Any, Final

from tasks.formatting import compact

#: What each colour is called in the page, and the one that stands for it while the figure is drawn.
INK, QUIET, LINE, FIRST, SECOND, SHADE = "#010203", "#010204", "#010205", "#010206", "#010207", "#010208"
NAMES: Final = {INK: "ink", QUIET: "quiet", LINE: "line", FIRST: "first", SECOND: "second", SHADE: "shade"}
#: Width and height of a figure in the page's pixels, of which matplotlib's inch has 72.
SIZE: Final = (440, 264)

_STYLE: Final = {
    "svg.fonttype": "none",
    # A column may be called `$x$`.
    "text.parse_math": False,
    "font.size": 11,
    "text.color": INK,
    "axes.labelcolor": QUIET,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "axes.axisbelow": True,
    "axes.formatter.use_mathtext": False,
    "grid.color": LINE,
    "grid.linewidth": 0.7,
    "xtick.color": LINE,
    "ytick.color": LINE,
    "xtick.labelcolor": QUIET,
    "ytick.labelcolor": QUIET,
    "legend.frameon": False,
    "lines.linewidth": 2,
    "figure.facecolor": "none",
    "axes.facecolor": "none",
}
_NEEDLESS: Final = re.compile(
    r"<metadata>.*?</metadata>|<style.*?</style>|font-family: [^;\"]*;?| id=\"[\w.]+_\d+\"", re.S
)
_HEAD: Final = re.compile(r"<svg [^>]*?viewBox=\"([^\"]*)\"[^>]*>")


@contextmanager
def axes(*, left: float = 0.15) -> Iterator[Any]:
    """Axes to draw on, in the style of the page. Within it alone matplotlib has that style. `left`: the part of the
    width that is for labels; matplotlib could find it out, and would have to draw everything twice for that."""
    import matplotlib
    from matplotlib.figure import Figure
    from matplotlib.ticker import MaxNLocator

    with matplotlib.rc_context(_STYLE):
        figure = Figure(figsize=(SIZE[0] / 72, SIZE[1] / 72))
        drawn = figure.add_axes((left, 0.18, 0.97 - left, 0.79))
        for axis in (drawn.xaxis, drawn.yaxis):
            axis.set_major_locator(MaxNLocator(nbins=6))
            axis.set_major_formatter(lambda value, _: compact(value))
        yield drawn


def markup(drawn: Any, *, alt: str, salt: str) -> str:
    """The SVG element of axes. `alt` says what is seen; `salt` keeps its ids apart from those of other figures."""
    import matplotlib

    sink = io.StringIO()
    with matplotlib.rc_context({**_STYLE, "svg.hashsalt": salt}):
        drawn.figure.savefig(sink, format="svg", metadata={"Date": None, "Creator": None})
    text = sink.getvalue()
    text = _NEEDLESS.sub("", text[text.index("<svg") :])
    for colour, name in NAMES.items():
        text = text.replace(colour, f"var(--{name})")
    return _HEAD.sub(rf'<svg viewBox="\1" role="img" aria-label="{_literal(escape(alt))}">', text, count=1)


def _literal(text: str) -> str:
    """The text as a replacement of `re` that stands for itself."""
    return text.replace("\\", r"\\")
