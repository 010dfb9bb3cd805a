"""What the command line says."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from tasks.config.areas.redis import SYNCS

#: The kind of fault for which it matters when Valkey syncs its file.
SYNC_KIND: Final = "valkey"
#: What `--sync` is set to for a second run of those, with `always`.
BOTH: Final = "both"
#: The kinds of fault that the short form does.
SHORT_KINDS: Final = "estimate-child,estimate-worker,train-worker,gateway,duplicate"


@dataclass(frozen=True, kw_only=True)
class Options:
    """How a run is done."""

    #: How often each kind of process is killed.
    kills: int
    #: The kinds of fault, in order.
    kinds: tuple[str, ...]
    #: How long a process is frozen, Valkey does not answer, and the disk and the memory of Redis are full.
    freeze_seconds: float
    unreachable_seconds: float
    full_seconds: float
    #: What MLSERVICE_VISIBILITY_TIMEOUT_SECONDS is set to.
    lease_seconds: int
    #: What MLSERVICE_REDIS_SYNC is set to.
    sync: str
    #: Estimates a second.
    rate: float
    #: Longest wait for the last handle, when all faults are over.
    patience_seconds: float
    seed: int
    #: Where results are written.
    out: Path


def parse(arguments: Sequence[str], *, kinds: Sequence[str]) -> list[Options]:
    """The options of each run; `kinds` are all that there are. Exits with a message if the arguments cannot be used."""
    parser = argparse.ArgumentParser(
        prog="python -m tests.chaos", description="Faults in a running service, under load."
    )
    parser.add_argument("--short", action="store_true", help="a form of less than a minute")
    parser.add_argument("--kills", type=_count, help="how often each kind of process is killed (default 20; short: 1)")
    parser.add_argument("--only", help=f"kinds of fault, or words of their names, with commas: {', '.join(kinds)}")
    parser.add_argument("--freeze", type=float, help="seconds for which a worker is frozen (default 40; short: 20)")
    parser.add_argument("--unreachable", type=float, help="seconds without Redis (default 30; short: 6)")
    parser.add_argument("--full", type=float, help="seconds of full disk or memory (default 10; short: 4)")
    parser.add_argument(
        "--lease", type=_count, help="seconds until unacknowledged work comes back (default 10; short: 5)"
    )
    parser.add_argument(
        "--sync",
        choices=(*SYNCS, BOTH),
        default=BOTH,
        help="when Valkey syncs its file (default both: kills of Valkey are repeated with always)",
    )
    parser.add_argument("--rate", type=float, default=25.0, help="estimates a second (default 25)")
    parser.add_argument("--patience", type=float, help="longest wait for the last handle (default 300; short: 90)")
    parser.add_argument("--seed", type=int, default=0, help="of what is random (default 0)")
    parser.add_argument("--out", type=Path, default=Path("chaos-results"), help="folder for results")
    given = parser.parse_args(arguments)
    usual = SHORT_KINDS if given.short else ",".join(kinds)
    chosen = (given.only or usual).split(",")
    if unknown := [word for word in chosen if not any(_matches(word, kind) for kind in kinds)]:
        parser.error(f"there is no fault {unknown[0]!r}; there are: {', '.join(kinds)}")
    first = Options(
        kills=given.kills or (1 if given.short else 20),
        kinds=tuple(kind for kind in kinds if any(_matches(word, kind) for word in chosen)),
        freeze_seconds=given.freeze or (20.0 if given.short else 40.0),
        unreachable_seconds=given.unreachable or (6.0 if given.short else 30.0),
        full_seconds=given.full or (4.0 if given.short else 10.0),
        lease_seconds=given.lease or (5 if given.short else 10),
        sync=SYNCS[0] if given.sync == BOTH else given.sync,
        rate=given.rate,
        patience_seconds=given.patience or (90.0 if given.short else 300.0),
        seed=given.seed,
        out=given.out,
    )
    if given.sync != BOTH or SYNC_KIND not in first.kinds:
        return [first]
    return [first, *(replace(first, sync=sync, kinds=(SYNC_KIND,), out=first.out / sync) for sync in SYNCS[1:])]


def _matches(word: str, kind: str) -> bool:
    return word == kind or word in kind.split("-")


def _count(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
