"""What each client does, and tells: one line of JSON. The walk in TypeScript is the same, word by word."""

from __future__ import annotations

import json
from typing import Any, Final

#: Longest wait in one request.
WAIT: Final = "wait=60"
#: Cells of each kind that JSON has.
TABLE: Final = [
    {"x": x, "kind": "ab"[x % 2], "flag": x % 3 == 0, "gap": 0.5 * x if x % 5 else None, "y": 2 * x} for x in range(200)
]
ROWS: Final = [[3, "a", True, None], [150.5, "b", False, 75.25]]
OPTIONS: Final = {"problem": "regression"}
PARAMS: Final = {"num_iterations": 20, "metric": ["rmse", "mae"]}
#: What the walk tells, by what was done.
KEYS: Final = ("rows", "accepted", "state", "version", "events", "predictions", "raw", "contributions", "refused")


def event_names(stream: str) -> list[str]:
    """The names of the events in a stream."""
    return [line.removeprefix("event: ") for line in stream.splitlines() if line.startswith("event: ")]


def tell(**seen: Any) -> None:
    """Tell what was seen."""
    assert tuple(seen) == KEYS
    print(json.dumps(seen))
