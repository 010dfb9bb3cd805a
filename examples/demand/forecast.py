"""Asks the service for the demand of the two weeks after those that it has learned from, and compares with what came.

URL (http://127.0.0.1:8080) and TOKEN come from the environment.
"""

from __future__ import annotations

import json
import os
import urllib.request
from typing import Any

from demand import DAYS, demand

#: How many days are asked for.
AHEAD = 14


def estimate(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """The quantiles of each row's demand."""
    request = urllib.request.Request(
        f"{os.environ['URL']}/v1/models/demand/estimate",
        data=json.dumps({"rows": rows}).encode(),
        headers={
            "Authorization": f"Bearer {os.environ['TOKEN']}",
            "Content-Type": "application/json",
            "Prefer": "wait=30",
        },
    )
    with urllib.request.urlopen(request) as answer:
        found: dict[str, Any] = json.load(answer)
        return found


def main() -> None:
    """Print the evening of the first day, and how often demand was where it was said to be."""
    hours = demand(DAYS + AHEAD)[-AHEAD * 24 :]
    asked = [{name: value for name, value in hour.items() if name not in ("time", "demand")} for hour in hours]
    found = estimate(asked)
    for hour, (low, middle, high) in list(zip(hours, found["quantiles"], strict=True))[18:22]:
        print(f"{hour['time']}: {middle:.1f} MW, {low:.1f} to {high:.1f}; it was {hour['demand']:.1f}")
    inside = [low <= hour["demand"] <= high for hour, (low, _, high) in zip(hours, found["quantiles"], strict=True)]
    night, evening = ([h - lo for h_, (lo, _, h) in zip(hours, found["quantiles"], strict=True) if h_["hour"] in of]
                      for of in ((2, 3, 4), (18, 19, 20)))  # fmt: skip
    print(
        f"{sum(inside) / len(inside):.0%} of {len(hours)} hours were between the quantiles {found['alpha'][0]} and"
        f" {found['alpha'][-1]}, which are {sum(night) / len(night):.1f} MW apart at night and"
        f" {sum(evening) / len(evening):.1f} in the evening"
    )


if __name__ == "__main__":
    main()
