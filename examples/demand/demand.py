"""Hourly demand of electricity in a simulated town, as a CSV.

What people use: a level of each hour of the day, less at the weekend, heating below 15 degrees and cooling above 22.
What nobody knows beforehand is noise, which is three times as large in the evening as at night. What is known
beforehand: the forecast of the temperature, the calendar, and the demand of the same hour one and seven days before.

    python demand.py > demand.csv
"""

from __future__ import annotations

import csv
import math
import random
import sys
from datetime import datetime, timedelta
from typing import Any

#: The first hour, and how many days there are before those that are asked for.
BEGIN, DAYS = datetime(2026, 3, 2), 200
#: Demand (MW) of the night and of the evening's peak, what the weekend takes away (part), and what a degree adds.
NIGHT, PEAK, WEEKEND, HEATING, COOLING = 20.0, 34.0, 0.15, 0.8, 1.1
#: Standard deviation of the noise at night and in the evening (MW).
QUIET, LOUD = 0.8, 2.4
#: The fields, of which the last is asked for.
FIELDS = ("time", "hour", "weekday", "temperature", "day_before", "week_before", "demand")


def demand(days: int) -> list[dict[str, Any]]:
    """The hours of so many days that come after the first week, of which nothing is known before."""
    chance = random.Random(1)
    loads: list[float] = []
    found = []
    for number in range((days + 7) * 24):
        time = BEGIN + timedelta(hours=number - 7 * 24)
        busy = math.sin(math.pi * max(0, time.hour - 6) / 26) if time.hour >= 6 else 0.0
        season = 14 + 4 * math.sin(2 * math.pi * (time.timetuple().tm_yday - 100) / 365)
        temperature = round(season + 5 * math.sin(2 * math.pi * (time.hour - 9) / 24) + chance.gauss(0, 2), 1)
        load = NIGHT + (PEAK - NIGHT) * busy
        load *= 1 - WEEKEND if time.weekday() >= 5 else 1
        load += HEATING * max(0.0, 15 - temperature) + COOLING * max(0.0, temperature - 22)
        load += chance.gauss(0, QUIET + (LOUD - QUIET) * busy)
        loads.append(round(load, 2))
        if number >= 7 * 24:
            known = (time.isoformat(), time.hour, f"{time:%A}", temperature, loads[-25], loads[-169])
            found.append(dict(zip(FIELDS, (*known, loads[-1]), strict=True)))
    return found


if __name__ == "__main__":
    writer = csv.DictWriter(sys.stdout, FIELDS)
    writer.writeheader()
    writer.writerows(demand(DAYS))
