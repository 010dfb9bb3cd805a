"""A table to begin with: what flats cost, made up."""

from __future__ import annotations

import csv
import io
import random
from typing import Final

#: How many flats.
ROWS: Final = 200
#: What a square metre costs in each district.
DISTRICTS: Final = {"harbour": 14.0, "hill": 10.0, "old town": 12.0, "park": 11.0}
#: What a word in a description is worth.
WORDS: Final = {"balcony": 40, "quiet": 30, "sunny": 30, "dark": -60, "noisy": -50, "cellar": 0, "lift": 10, "new": 20}
#: What nobody can predict (standard deviation).
NOISE: Final = 25.0
TARGET: Final = "rent"


def sample() -> str:
    """The table as CSV, the same each time: area (square metres), district, description, rent. Some areas miss."""
    draw = random.Random(1)
    sink = io.StringIO()
    writer = csv.writer(sink, lineterminator="\n")
    writer.writerow(["area", "district", "description", TARGET])
    for row in range(ROWS):
        area, district = draw.randint(25, 130), draw.choice(list(DISTRICTS))
        words = draw.sample(list(WORDS), 3)
        rent = 150 + area * DISTRICTS[district] + sum(WORDS[word] for word in words) + draw.gauss(0, NOISE)
        writer.writerow(["" if row % 40 == 7 else area, district, f"{' and '.join(words)} flat", round(rent)])
    return sink.getvalue()
