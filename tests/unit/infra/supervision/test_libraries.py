"""What libraries that were loaded for all workers do in those of one fleet."""

from __future__ import annotations

import os
from collections.abc import Callable

import pyarrow as pa

from infra.supervision.libraries import prepare, suit
from tasks.estimators.lightgbm_library import load_lightgbm


def in_a_fork(say: Callable[[], str], fleet: str, environ: dict[str, str]) -> str:
    """What it says in a process of this fleet, which is forked from this one."""
    reader, writer = os.pipe()
    pid = os.fork()
    if not pid:
        try:
            suit(fleet, environ)
            os.write(writer, say().encode())
        finally:
            os._exit(0)
    os.close(writer)
    os.waitpid(pid, 0)
    with os.fdopen(reader) as said:
        return said.read()


def threads() -> str:
    return str(load_lightgbm().basic._LIB.omp_get_max_threads())


def test_an_estimate_process_uses_one_thread_where_nobody_says_how_many() -> None:
    before = threads()
    assert in_a_fork(threads, "estimate", {}) == "1"
    assert in_a_fork(threads, "estimate", {"OMP_NUM_THREADS": "3"}) == "3"
    assert in_a_fork(threads, "train", {}) == before


def test_a_train_process_gives_memory_back_to_the_system() -> None:
    def pool() -> str:
        return str(pa.default_memory_pool().backend_name)

    assert in_a_fork(pool, "train", {}) == "system"
    assert in_a_fork(pool, "estimate", {}) == pool()
    assert in_a_fork(pool, "train", {"ARROW_DEFAULT_MEMORY_POOL": "nonsense"}) == pool()


def test_what_an_operator_has_said_stays() -> None:
    environ = {"GOMP_SPINCOUNT": "1"}
    prepare(environ)
    assert environ == {"GOMP_SPINCOUNT": "1", "MIMALLOC_ARENA_EAGER_COMMIT": "0"}
