"""The verdict as text and as JSON."""

from __future__ import annotations

import json
import os
import shutil
import statistics
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from tests.chaos.options import Options
from tests.chaos.verdict import LATE_SECONDS, Verdict

#: Of each list, so many lines are shown; the JSON has them all.
LINES: Final = 10


def write(options: Options, verdict: Verdict) -> None:
    """Write `chaos.json` and `chaos.txt`."""
    options.out.mkdir(parents=True, exist_ok=True)
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "options": {**asdict(options), "out": None},
        "good": verdict.good,
        **asdict(verdict),
    }
    (options.out / "chaos.json").write_text(json.dumps(document, indent=2) + "\n")
    (options.out / "chaos.txt").write_text(text(verdict) + "\n")


def keep_logs(options: Options, folder: Path) -> None:
    """Copy the logs of the service in this folder to where the results are."""
    for log in folder.rglob("*.log"):
        options.out.mkdir(parents=True, exist_ok=True)
        shutil.copy(log, options.out / log.name)


def text(verdict: Verdict) -> str:
    """What is printed."""
    v = verdict
    lines = [
        f"accepted                {v.accepted:>8}  {_counts(v.accepted_by_kind)}",
        f"finished                {sum(v.finished.values()):>8}  {_counts(v.finished)}",
        f"lost                    {len(v.lost):>8}",
        f"cleared                 {v.cleared:>8}  unfinished when Redis was emptied",
        f"finished twice          {len(v.twice):>8}",
        f"wrong answers           {len(v.wrong):>8}",
        f"not compared            {len(v.unchecked):>8}  (and {v.unchecked_with_redis} whose version went with Redis)",
        f"trains, not one version {len(v.versions):>8}",
        f"failed without fault    {len(v.innocent):>8}",
        f"broken promises         {len(v.findings):>8}",
        f"over {LATE_SECONDS:.0f} s               {len(v.late):>8}  (and {v.late_when_killed} whose worker was killed)",
        f"slowest, seconds                  {_figures(v.slowest)}",
        f"  whose worker was killed         {_figures(v.slowest_when_killed)}",
        f"refused                 {sum(v.refused.values()):>8}  {_counts(v.refused)}",
        f"without an answer       {v.unanswered:>8}",
        *_load(v.loads),
        *_recovery(v.recovery),
        *(f"skipped: {kind}: {reason}" for kind, reason in v.skipped.items()),
        *_listed("failed", [f"{count} x {reason}" for reason, count in v.failed.items()]),
    ]
    for title, found in (
        ("lost", v.lost),
        ("twice", v.twice),
        ("wrong", v.wrong),
        ("not compared", v.unchecked),
        ("versions", v.versions),
        ("innocent", v.innocent),
        ("late", v.late),
    ):
        lines += _listed(title, found)
    return "\n".join([*lines, *_listed("broken promise", v.findings), "all promises kept" if v.good else "FAILED"])


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))


def _figures(seconds: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.1f}" for name, value in sorted(seconds.items())) or "-"


def _load(loads: list[float]) -> list[str]:
    if not loads:
        return []
    most = f"median {statistics.median(loads):.1f}, most {max(loads):.1f}"
    return [f"load of the machine               {most}, on {os.cpu_count()} cores"]


def _recovery(recovery: dict[str, dict[str, Any]]) -> list[str]:
    if not recovery:
        return []
    lines = ["", f"{'seconds until estimates are answered':<38}{'times':>6}{'median':>9}{'worst':>9}{'stalled':>9}"]
    for kind, found in recovery.items():
        times = f"{found['recovered']}/{found['times']}" if found["recovered"] < found["times"] else found["times"]
        figures = (found["median_seconds"], found["worst_seconds"], found["stalled_seconds"])
        lines.append(f"  {kind:<36}{times:>6}" + "".join(f"{'-' if f is None else f'{f:.2f}':>9}" for f in figures))
    return [*lines, "  (stalled: the longest that an estimate took which the fault hit)", ""]


def _listed(title: str, found: list[str]) -> list[str]:
    more = [f"{title}: ... and {len(found) - LINES} more"] if len(found) > LINES else []
    return [*(f"{title}: {line}" for line in found[:LINES]), *more]
