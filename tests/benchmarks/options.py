"""What the command line says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a run is done."""

    #: Length of one load.
    seconds: int
    connections: tuple[int, ...]
    #: How often each load is repeated, in turn with the others.
    rounds: int
    #: The parts that are run.
    parts: tuple[str, ...]
    #: The revision that the working tree is set beside; empty: none.
    against: str
    #: Where results are written.
    out: Path


def parse(arguments: Sequence[str], *, usual: Sequence[str], further: Sequence[str]) -> Options:
    """The options. `usual` parts run if none is named, `further` ones if they are asked for by name."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.benchmarks", description="The service beside what one would have without it."
    )
    parser.add_argument("--seconds", type=_positive, default=8, help="length of one load (default 8)")
    parser.add_argument("--connections", type=_numbers, default=(1, 16, 64, 256), help="default 1,16,64,256")
    parser.add_argument("--rounds", type=_positive, default=3, help="medians are over so many (default 3)")
    parser.add_argument("--only", action="append", choices=[*usual, *further], help="one part; may be repeated")
    parser.add_argument("--deep", action="store_true", help="also queue 100,000 estimates, which takes minutes")
    parser.add_argument("--against", metavar="REV", default="", help="set the working tree beside this revision of it")
    parser.add_argument("--out", type=Path, default=Path("bench-results"), help="folder for results")
    given = parser.parse_args(arguments)
    chosen = given.only or ([] if given.against else [*usual, *(["deep"] if given.deep else [])])
    chosen = [*chosen, *(["against"] if given.against else [])]
    if "against" in chosen and not given.against:
        parser.error("--only against needs --against REV: the revision that the working tree is set beside")
    return Options(
        seconds=given.seconds,
        connections=given.connections,
        rounds=given.rounds,
        parts=tuple(part for part in (*usual, *further) if part in chosen),
        against=given.against,
        out=given.out,
    )


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(_positive(part) for part in text.split(","))
