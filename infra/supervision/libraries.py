"""What libraries of native code are told before they are loaded, and what a process tells those it was forked with."""

from __future__ import annotations

import sys
from collections.abc import Callable, MutableMapping
from contextlib import suppress
from typing import Any, Final

#: For every process that has model code.
FOR_ALL: Final = {
    # How often a thread of OpenMP (GNU's) looks for its next piece before it sleeps. Its default is right where each
    # thread has a core: three fits of 6,400 x 30 at a time, with two threads each on two cores, took 10 to 16 s each by
    # default, 2 to 3 s so, and 0.31 s alone both ways. Threads that sleep at once: 1.8 s, and on an idle machine twice
    # as long as by default.
    "GOMP_SPINCOUNT": "10000",
    # Arrow's allocator would ask for a GB at once, which counts against the limit of memory though it is not used.
    "MIMALLOC_ARENA_EAGER_COMMIT": "0",
}
#: How many threads OpenMP uses where nobody says so.
THREADS: Final = "OMP_NUM_THREADS"
#: Where Arrow's memory comes from.
ARROW_POOL: Final = "ARROW_DEFAULT_MEMORY_POOL"


def prepare(environ: MutableMapping[str, str]) -> None:
    """Before model code is loaded."""
    for name, value in FOR_ALL.items():
        environ.setdefault(name, value)


def suit(fleet: str, environ: MutableMapping[str, str]) -> None:
    """Have libraries do what is best for a fleet, those that are loaded already and those that will be."""
    prepare(environ)
    if fleet == "train":
        # An init of a large table needs less memory and less time so than with the allocators that Arrow brings along,
        # and gives all of it back: measured with 1,000,000 rows x 12.
        environ.setdefault(ARROW_POOL, "system")
    else:
        # Loading a model needs no more, and processes are what uses the cores; a large table says how many it wants.
        environ.setdefault(THREADS, "1")
    if arrow := sys.modules.get("pyarrow"):
        with suppress(KeyError, NotImplementedError):
            arrow.set_memory_pool(_pools(arrow)[environ[ARROW_POOL]]())
    if basic := sys.modules.get("lightgbm.basic"):
        with suppress(KeyError, ValueError, AttributeError):
            basic._LIB.omp_set_num_threads(int(environ[THREADS]))


def _pools(arrow: Any) -> dict[str, Callable[[], Any]]:
    return {name: getattr(arrow, f"{name}_memory_pool") for name in ("system", "jemalloc", "mimalloc")}
