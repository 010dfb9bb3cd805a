"""The process that makes machine code: `python -m tasks.native.compiling FOLDER NAME NICENESS`. It takes what
time others leave, ends with the process that started it, and says in the folder what came of it."""

from __future__ import annotations

import fcntl
import hashlib
import os
import resource
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np

from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.native.folder import CODE, KNOWN, MODEL, Folder, Known
from tasks.native.loading import ENTRY, loaded
from tasks.native.model_text import refusal, trying_rows, with_zeros

#: What compiling may take: processor time (seconds), and memory (bytes).
MOST_SECONDS: Final = 600
MOST_BYTES: Final = 2 * 2**30
#: Trees that are computed for all rows before the next ones are: of 5, 10, 34 and 100 the first two were the fastest,
#: with 100 trees of 31 leaves.
TREES_AT_A_TIME: Final = 10
#: Rows that are tried, and how far predictions may be from LightGBM's: absolute below 1, else as a part.
CHECKED_ROWS: Final = 8192
TOLERANCE: Final = 1e-12
#: Numbers of rows for which both are timed, how often, and how much faster it must be to be used. One row is predicted
#: otherwise (`tasks/estimators/lightgbm_row.py`), in less time than code takes.
TIMED_ROWS: Final = tuple(2**power for power in range(1, 12))
TIMED_TURNS: Final = 5
FASTER: Final = 1.2
#: How often it is looked whether the process that started this one is there (seconds).
LOOK_SECONDS: Final = 1.0


def main(folder: Folder, name: str, *, niceness: int) -> None:
    """Compile one model, unless that was done while this process waited for its turn."""
    _end_with(os.getppid())
    os.nice(niceness)
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))
    resource.setrlimit(resource.RLIMIT_DATA, (MOST_BYTES, MOST_BYTES))
    with (folder.path / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        folder.sweep()
        model = folder.path / (name + MODEL)
        try:
            if folder.known(name) is None:
                folder.write(name + KNOWN, msgspec.json.encode(compiled(folder, name, model)))
        finally:
            model.unlink(missing_ok=True)


def compiled(folder: Folder, name: str, model: Path) -> Known:
    """Compile a model's text, check it, and keep the code. Raises OSError."""
    text = model.read_text()
    if reason := refusal(text):
        return Known(refused=reason)
    booster = load_lightgbm().Booster(model_str=text)
    width, outputs = booster.num_feature(), booster.num_model_per_iteration()
    try:
        code = _code(model, folder.path / f"{name}.{os.getpid()}.tmp")
        function = loaded(code, width=width, outputs=outputs)
    # lleaves asserts, and raises whatever it meets.
    except Exception as error:
        said = str(error).partition("\n")[0].partition(" Please")[0]
        return Known(refused=f"lleaves cannot compile it: {type(error).__name__}: {said}"[:200])
    rows = trying_rows(text, CHECKED_ROWS, width)
    expected, found = booster.predict(rows, num_threads=1), function(rows)
    difference = float(np.max(np.abs(found - expected) / np.maximum(np.abs(expected), 1)))
    if not difference <= TOLERANCE:
        return Known(refused=f"its machine code predicts otherwise than LightGBM, by {difference:.1e}")
    least, faster = _faster(function, booster, rows)
    if not least:
        return Known(refused="its machine code is not faster")
    folder.write(name + CODE, code)
    return Known(
        rows=least,
        width=width,
        outputs=outputs,
        checked=len(rows),
        difference=difference,
        faster=faster,
        digest=hashlib.sha256(code).hexdigest(),
    )


def _code(model: Path, aside: Path) -> bytes:
    import lleaves

    try:
        model.write_text(with_zeros(model.read_text()))
        lleaves.Model(str(model)).compile(cache=str(aside), fblocksize=TREES_AT_A_TIME, froot_func_name=ENTRY)
        return aside.read_bytes()
    finally:
        aside.unlink(missing_ok=True)


def _faster(function: Callable[[Any], Any], booster: Any, rows: Any) -> tuple[int, float]:
    """The fewest rows from which on the function is faster, 0 if it never is; and how many times it is with the most.
    All rows that are timed are other ones: of the same a processor remembers the way."""
    least, times = 0, 0.0
    for count in TIMED_ROWS:
        parts = [rows[turn * count : (turn + 1) * count] for turn in range(min(TIMED_TURNS, len(rows) // count))]
        own = min(_seconds(function, part) for part in parts)
        theirs = min(_seconds(lambda part: booster.predict(part, num_threads=1), part) for part in parts)
        times = theirs / own
        if times < FASTER:
            least = 0
        elif not least:
            least = count
    return least, times


def _seconds(work: Callable[[Any], Any], rows: Any) -> float:
    start = time.thread_time()
    work(rows)
    return time.thread_time() - start


def _end_with(parent: int) -> None:
    def look() -> None:
        while os.getppid() == parent:
            time.sleep(LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=look, daemon=True).start()


if __name__ == "__main__":
    main(Folder(Path(sys.argv[1])), sys.argv[2], niceness=int(sys.argv[3]))
