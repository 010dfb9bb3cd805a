from __future__ import annotations

import os
from typing import Any

import pytest
from billiard import SimpleQueue  # type: ignore[import-untyped]
from billiard.pool import EX_FAILURE, EX_OK  # type: ignore[import-untyped]

from tasks.worker.pool import PromptPool, PromptProcess


def ended(outbox: Any, exitcode: int | None, *, error: Exception | None = None) -> tuple[int, bytes]:
    """The status with which a process ends that does so, and what it writes in its last moment."""
    reader, writer = os.pipe()
    process = PromptProcess(SimpleQueue(), outbox, on_exit=lambda _pid, status: os.write(writer, b"%d" % status))
    child = os.fork()
    if not child:
        process._do_exit(os.getpid(), exitcode, error)
    os.close(writer)
    _, status = os.waitpid(child, 0)
    with os.fdopen(reader, "rb") as last:
        return os.waitstatus_to_exitcode(status), last.read()


@pytest.mark.parametrize(
    ("exitcode", "error", "status"), [(None, None, EX_OK), (None, OSError(), EX_FAILURE), (7, None, 7)]
)
def test_a_process_ends_by_itself_and_waits_for_nobody(
    exitcode: int | None, error: Exception | None, status: int
) -> None:
    outbox = SimpleQueue()
    assert ended(outbox, exitcode, error=error) == (status, b"%d" % status)
    # billiard's asks here to be killed, and sleeps until it is.
    assert not outbox._reader.poll()


def test_celery_makes_such_processes() -> None:
    assert PromptPool.Worker is PromptProcess
