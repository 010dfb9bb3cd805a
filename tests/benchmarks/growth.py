"""What it costs as work grows: each thing that grows at three sizes, and the shape of the cost.

    make bench-growth
    make bench-growth BENCH="--only tasks"

Real servers with many real records. What is judged is processor time, commands and bytes, which others on the machine
change little. Exits with 1 if something costs more than it may, or grows faster.
"""

from __future__ import annotations

import argparse
import json
import logging
import sys
import time
from pathlib import Path
from typing import Final

from tests.benchmarks.figures import show
from tests.benchmarks.growing import ledger_rows, registry_rows, service_rows
from tests.benchmarks.growing.row import Result, Row, exponent, judged

ROWS: Final[tuple[Row, ...]] = (*ledger_rows.ROWS, *registry_rows.ROWS, *service_rows.ROWS)


def main() -> int:
    """Measure, print the table, write the figures."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.growth", description=__doc__)
    parser.add_argument("--only", action="append", choices=[row.name for row in ROWS], help="may be repeated")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), help="folder for results")
    args = parser.parse_args()
    # What is told in the log is meant for who runs a service.
    logging.disable(logging.WARNING)
    results = []
    for row in ROWS:
        if not args.only or row.name in args.only:
            began = time.monotonic()
            results.append(judged(row, row.measure(row.sizes)))
            print(f"{row.name}: {time.monotonic() - began:.0f} s", file=sys.stderr, flush=True)
    print(table(results))
    args.out.mkdir(parents=True, exist_ok=True)
    found = {result.row.name: {"sizes": list(result.row.sizes), **result.figures} for result in results}
    (args.out / "growth.json").write_text(json.dumps(found, indent=2) + "\n")
    faults = [fault for result in results for fault in result.faults]
    print("\n".join(faults), file=sys.stderr)
    return int(bool(faults))


def table(results: list[Result]) -> str:
    """The figures in Markdown: at each size, the power of the size with which they grow, and what they may be."""
    lines = ["| what grows | figure | at the three sizes | power | may be |", "| --- | --- | ---: | ---: | ---: |"]
    for result in results:
        row = result.row
        sizes = " / ".join(f"{size:,}" for size in row.sizes)
        for name, figures in result.figures.items():
            bound = row.bounds[name]
            shape = "" if bound.exponent is None else f", power {bound.exponent:g}"
            cells = [f"{row.name}: {sizes} {row.of}", name, " / ".join(map(show, figures))]
            cells += [f"{exponent(row.sizes, figures):.2f}", f"{bound.most:g}{shape}"]
            lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


if __name__ == "__main__":
    raise SystemExit(main())
