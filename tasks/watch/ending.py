"""What a train came to, beside the version that answered before it."""

from __future__ import annotations

import html
from typing import Any, NamedTuple

from tasks.formatting import plain


class Live(NamedTuple):
    """The version that answers estimates."""

    version: int
    metrics: dict[str, float]


class Ending(NamedTuple):
    """What came of a train."""

    version: int
    metrics: dict[str, float]
    promoted: bool
    #: Why it was promoted or not; empty where nothing was said.
    because: str
    #: What answered when it was begun to watch; None where nothing did, or it is the same one.
    live: Live | None
    #: Where people find the version; empty where that is not known.
    page: str

    def lines(self) -> list[str]:
        """It as text."""
        metrics = [self._against(name, value) for name, value in self.metrics.items()]
        said = f"version {self.version}: {', '.join(metrics)}" if metrics else f"version {self.version}"
        because = f": {self.because}" if self.because else ""
        answers = f"{'live now' if self.promoted else 'not promoted'}{because}"
        return [said, answers, *([self.page] if self.page else [])]

    def html(self) -> str:
        """It as a piece of a page."""
        said, answers, *page = self.lines()
        link = f'<br><a href="{html.escape(page[0])}">{html.escape(page[0])}</a>' if page else ""
        return f"<div><b>{html.escape(said)}</b><br>{html.escape(answers)}{link}</div>"

    def _against(self, name: str, value: float) -> str:
        if self.live is None or name not in self.live.metrics:
            return f"{name} {plain(value)}"
        return f"{name} {plain(value)} (version {self.live.version}: {plain(self.live.metrics[name])})"


def ending(result: Any, *, live: Live | None, page: str) -> Ending | None:
    """What the result of a train says; None for any other result. `live`: what answered before."""
    if not isinstance(result, dict) or not {"version", "metrics", "promoted"} <= result.keys():
        return None
    before = live if live is not None and live.version != result["version"] else None
    because = (result.get("promotion") or {}).get("because", "")
    return Ending(result["version"], result["metrics"], result["promoted"], because, before, page)
