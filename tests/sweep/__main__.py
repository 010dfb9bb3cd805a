"""`make sweep`: tables of public packages through a service of its own. Exits 1 if too few go through."""

from __future__ import annotations

import argparse
import warnings
from pathlib import Path
from typing import Final

from tests.service import Service
from tests.sweep.catalogue import catalogue
from tests.sweep.peer import METRIC, Reached, reached, read_frame
from tests.sweep.report import page
from tests.sweep.sources import table_bytes
from tests.sweep.trying import Tried, try_table

#: Part of the tables that must go through.
LEAST: Final = 0.97


def main() -> int:
    """Try the tables; print a line for each and write the page."""
    parser = argparse.ArgumentParser(prog="make sweep", description=__doc__)
    parser.add_argument("--only", default="", help="tables whose package and name hold this text")
    parser.add_argument("--no-peer", action="store_true", help="do not fit HistGradientBoosting beside it")
    parser.add_argument("--page", type=Path, help="where to write the page of Markdown")
    given = parser.parse_args()
    warnings.filterwarnings("ignore")
    found: list[tuple[Tried, Reached | None]] = []
    with Service() as service:
        for entry in catalogue(given.only):
            data, media = table_bytes(entry)
            tried = try_table(service.http, entry, data, media)
            peer = None if given.no_peer or tried.fault else _peer(tried, data, media)
            found.append((tried, peer))
            told = tried.fault or f"{tried.problem} {METRIC[tried.problem]} {tried.value:.3f} {peer or ''}"
            print(f"{entry.source} {entry.name}: {told}", flush=True)
    text = page(found)
    print(text.split("\n\n")[2])
    if given.page:
        given.page.write_text(text)
    through = sum(not tried.fault for tried, _ in found)
    return 0 if through >= LEAST * len(found) and all(tried.fault or tried.problem_said for tried, _ in found) else 1


def _peer(tried: Tried, data: bytes, media: str) -> Reached | None:
    # Where the service guessed another problem than a person would, the two are compared on the person's.
    problem = tried.problem if tried.problem in tried.entry.problems else tried.entry.problems[0]
    if problem != tried.problem:
        return None
    try:
        return reached(tried.entry, read_frame(data, media), problem)
    except ValueError as error:
        print(f"  the peer cannot learn it: {error}")
        return None


if __name__ == "__main__":
    raise SystemExit(main())
