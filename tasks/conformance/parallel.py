"""Checks of a model that several threads ask at once, or a process that was forked."""

from __future__ import annotations

import os
import select
import signal
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Final

import pyarrow as pa

from tasks.conformance.attempts import Failed
from tasks.conformance.comparing import difference
from tasks.conformance.remarks import Remark, fault
from tasks.conformance.trial import Trial

#: So many threads ask at once, each so often.
THREADS: Final = 4
TIMES: Final = 5
#: How often Python changes threads meanwhile (seconds), so that they get into each other's way if they can.
SWITCH_SECONDS: Final = 1e-5
#: What a forked process says whose answer is the same.
SAME: Final = b"same"


def threads(trial: Trial) -> Iterator[Remark]:
    """Threads that ask at once get the answers that they get alone."""
    size = -(-trial.rows.num_rows // THREADS)
    parts = [trial.rows.slice(start, size) for start in range(0, trial.rows.num_rows, size)]
    # Not a part of the answer for all rows: that these may differ is another matter.
    alone = [(rows, trial.ask(rows)) for rows in parts]

    def ask(part: tuple[pa.Table, pa.Table]) -> str | None:
        rows, expected = part
        found = (difference(expected, trial.ask(rows), ways=("alone", "beside other threads")) for _ in range(TIMES))
        return next(filter(None, found), None)

    with quickly_switching(), ThreadPoolExecutor(THREADS) as pool:
        wrong = next(filter(None, pool.map(ask, alone)), None)
    if wrong:
        yield fault(wrong, "let predict keep nothing in self, the class or the module: use local variables")


def fork(trial: Trial) -> Iterator[Remark]:
    """A process that is forked from one that has the model answers the same, and in time."""
    sys.stdout.flush()
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _answer(trial, writing)
    os.close(writing)
    try:
        ready, _, _ = select.select([reading], [], [], trial.fork_seconds)
        said = os.read(reading, 65536) if ready else None
    finally:
        os.close(reading)
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
    remedy = (
        "workers are forked: let load start no threads and open no connections, or start them where predict finds that"
        " os.getpid() is another"
    )
    if said is None:
        yield fault(f"a forked process did not answer within {trial.fork_seconds:g} s", remedy)
    elif not said:
        yield fault("a forked process ended without an answer", remedy)
    elif said != SAME:
        yield fault(said.decode(errors="replace"), remedy)


def _answer(trial: Trial, writing: int) -> None:
    """In the forked process: say what differs, and end."""
    try:
        wrong = difference(trial.answer, trial.ask(trial.rows), ways=("before a fork", "in a forked process"))
        os.write(writing, wrong.encode() if wrong else SAME)
    except Failed as failed:
        os.write(writing, f"in a forked process {failed}".encode())
    finally:
        os._exit(0)


@contextmanager
def quickly_switching() -> Iterator[None]:
    """Have Python change threads more often."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(SWITCH_SECONDS)
    try:
        yield
    finally:
        sys.setswitchinterval(before)
