"""A survey of Wi-Fi signals in a simulated house, as a database of scans.

The house: 4 x 2 rooms of 6 m x 5 m. In it stand six access points. A scan is what a phone hears at one place: of each
access point the received power in whole dBm, or nothing below the phone's sensitivity. Received power by the multi-wall
model (COST 231, "Digital mobile radio towards future generation systems", final report, 4.7.2), without floors:

    P(d) = P0 - 20 log10(d / 1 m) - walls x WALL + noise

free space, a loss for each wall between, and normal noise for people, furniture and how the phone is held.

    python survey.py wifi.db                 # makes a database of SQLite
    python survey.py --sql | psql DATABASE   # the same for PostgreSQL
"""

from __future__ import annotations

import math
import random
import sqlite3
import sys
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass

#: Rooms by their column from the west and row from the south, and the size of each (metres).
ROOMS = (("office", "lab", "kitchen", "store"), ("lobby", "library", "studio", "workshop"))
WIDTH, DEPTH = 6.0, 5.0
#: Where access points are (metres from the south-western corner).
ACCESS_POINTS = {
    "ap_1": (3.0, 1.0),
    "ap_2": (9.0, 9.0),
    "ap_3": (15.0, 1.0),
    "ap_4": (21.0, 9.0),
    "ap_5": (1.0, 9.0),
    "ap_6": (23.0, 1.0),
}
#: Received power at 1 m (dBm); loss of a wall (dB), between COST 231's light and heavy ones; noise (dB, standard
#: deviation); the least power that a phone hears (dBm).
P0, WALL, NOISE, SENSITIVITY = -35.0, 5.0, 3.0, -90.0
#: How many scans a survey has.
SCANS = 1200


@dataclass(frozen=True)
class Scan:
    """What a phone hears at one place; `heard` has the access points that it hears."""

    room: str
    x: float
    y: float
    heard: dict[str, int]


def survey(count: int, *, seed: int) -> Iterator[Scan]:
    """Scans at places all over the house; the same ones for the same seed."""
    chance = random.Random(seed)
    for _ in range(count):
        x, y = chance.uniform(0, WIDTH * len(ROOMS[0])), chance.uniform(0, DEPTH * len(ROOMS))
        powers = {name: power(x, y, *place) + chance.gauss(0, NOISE) for name, place in ACCESS_POINTS.items()}
        heard = {name: round(value) for name, value in powers.items() if value >= SENSITIVITY}
        yield Scan(room=ROOMS[_row(y)][_column(x)], x=round(x, 2), y=round(y, 2), heard=heard)


def power(x: float, y: float, ap_x: float, ap_y: float) -> float:
    """Received power without noise (dBm)."""
    distance = max(math.hypot(x - ap_x, y - ap_y), 1.0)
    walls = abs(_column(x) - _column(ap_x)) + abs(_row(y) - _row(ap_y))
    return P0 - 20 * math.log10(distance) - walls * WALL


def statements(scans: Iterator[Scan]) -> Iterator[str]:
    """SQL for both databases: scans, what each heard, and a view with a row a scan and a column an access point."""
    yield "CREATE TABLE scans (id integer PRIMARY KEY, room text, x double precision, y double precision)"
    yield "CREATE TABLE readings (scan integer REFERENCES scans (id), access_point text, dbm integer)"
    for number, scan in enumerate(scans):
        yield f"INSERT INTO scans VALUES ({number}, '{scan.room}', {scan.x}, {scan.y})"
        for name, dbm in scan.heard.items():
            yield f"INSERT INTO readings VALUES ({number}, '{name}', {dbm})"
    columns = ", ".join(f"max(dbm) FILTER (WHERE access_point = '{name}') AS {name}" for name in ACCESS_POINTS)
    yield (
        f"CREATE VIEW fingerprints AS SELECT room, x, y, {columns} FROM scans LEFT JOIN readings ON scan = id"
        " GROUP BY id, room, x, y"
    )


def _column(x: float) -> int:
    return min(int(x / WIDTH), len(ROOMS[0]) - 1)


def _row(y: float) -> int:
    return min(int(y / DEPTH), len(ROOMS) - 1)


def main() -> None:
    """Write the survey to the database that is named, or as SQL."""
    (target,) = sys.argv[1:]
    found = statements(survey(SCANS, seed=1))
    if target == "--sql":
        print("BEGIN;", *(f"{statement};" for statement in found), "COMMIT;", sep="\n")
        return
    with closing(sqlite3.connect(target)) as database:
        for statement in found:
            database.execute(statement)
        database.commit()


if __name__ == "__main__":
    main()
