"""Asks the service where phones are, by what they hear, and compares with where they are.

URL (http://127.0.0.1:8080) and TOKEN come from the environment.
"""

from __future__ import annotations

import json
import math
import os
import statistics
import urllib.request
from typing import Any

from survey import ACCESS_POINTS, survey

#: Phones that nobody has seen in the survey.
PHONES = 200


def estimate(model: str, rows: list[dict[str, int | None]]) -> list[Any]:
    """The predictions of a model, in the order of the rows."""
    request = urllib.request.Request(
        f"{os.environ['URL']}/v1/models/{model}/estimate",
        data=json.dumps({"rows": rows}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Content-Type": "application/json",
            "Prefer": "wait=30",
        },
    )
    with urllib.request.urlopen(request) as answer:
        return list(json.load(answer)["predictions"])


def main() -> None:
    """Print how often the room is right, and how far off positions are."""
    scans = list(survey(PHONES, seed=2))
    # What is not heard is null, as in the view of the survey.
    rows = [{name: scan.heard.get(name) for name in ACCESS_POINTS} for scan in scans]
    rooms, xs, ys = (estimate(f"wifi-{target}", rows) for target in ("room", "x", "y"))
    right = sum(room == scan.room for room, scan in zip(rooms, scans, strict=True))
    off = [math.hypot(x - scan.x, y - scan.y) for x, y, scan in zip(xs, ys, scans, strict=True)]
    print(f"rooms right: {right / PHONES:.0%}; off by {statistics.median(off):.1f} m in the median")


if __name__ == "__main__":
    main()
