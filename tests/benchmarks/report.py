"""The results as Markdown, as JSON and as a plot, in one folder."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from tests.benchmarks import machine, plot
from tests.benchmarks.figures import Section
from tests.benchmarks.options import Options


def write(options: Options, sections: Mapping[str, Section]) -> None:
    """Write `benchmarks.json`, `benchmarks.md` and, of single rows, `benchmarks.svg`."""
    options.out.mkdir(parents=True, exist_ok=True)
    where = machine.machine()
    document = {
        "measured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": where,
        "options": {**asdict(options), "out": None},
        "sections": {name: _plain(section) for name, section in sections.items()},
    }
    (options.out / "benchmarks.json").write_text(json.dumps(document, indent=2) + "\n")
    (options.out / "benchmarks.md").write_text(markdown(options, sections, where))
    if "answers" in sections:
        plot.write(sections["answers"].figures, options.out / "benchmarks.svg")


def markdown(options: Options, sections: Mapping[str, Section], where: dict[str, Any]) -> str:
    """All tables, under the machine that they were measured on."""
    day = datetime.now(UTC).date().isoformat()
    loads = f"loads of {options.seconds} s, medians over {options.rounds} rounds"
    parts = [f"Measured {day} on {machine.describe(where)}; {loads}."]
    return "\n\n".join([*parts, *map(table, sections.values())]) + "\n"


def table(section: Section) -> str:
    """One section in Markdown."""
    rule = ["---"] + ["---:"] * (len(section.header) - 1)
    lines = [f"### {section.title}", "", *map(_line, [section.header, rule, *section.rows])]
    lines += ["", *(f"**Fault:** {fault}" for fault in section.faults)] if section.faults else []
    return "\n".join(lines)


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _plain(section: Section) -> dict[str, Any]:
    return {"title": section.title, "figures": section.figures, "faults": list(section.faults)}
