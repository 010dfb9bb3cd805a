"""What a process says of its work, as its parent reads it."""

from __future__ import annotations

import os

from tasks.worker.scoreboard import MOST_PROCESSES, Scoreboard


def test_a_parent_reads_what_a_forked_process_has_begun_even_when_that_is_gone() -> None:
    board = Scoreboard(2)
    entry, other = board.entry(1), board.entry(2)
    pid = os.fork()
    if not pid:
        entry.begin("0" * 32, tag="", soft_limit=1.5, hard_limit=0)
        entry.end()
        entry.begin("ünique", tag="a-tag", soft_limit=0, hard_limit=7)
        entry.ready = True
        os._exit(0)
    os.waitpid(pid, 0)
    work = entry.work()
    assert work is not None
    assert (work.number, work.id, work.tag, work.of_ledger) == (2, "ünique", "a-tag", False)
    assert (work.soft_limit, work.hard_limit, entry.ready) == (0, 7, True)
    assert other.work() is None
    entry.clear()
    assert (entry.work(), entry.ready) == (None, False)


def test_an_interruption_is_for_one_task() -> None:
    entry = Scoreboard(1).entry(1)
    entry.begin("one", tag="", soft_limit=0, hard_limit=0)
    late = entry.work()
    assert late is not None
    assert not entry.is_interrupted()
    entry.interrupt(late)
    assert entry.is_interrupted()
    entry.end()
    entry.begin("two", tag="", soft_limit=0, hard_limit=0)
    entry.interrupt(late)
    assert not entry.is_interrupted()


def test_an_id_of_any_length_is_taken() -> None:
    entry = Scoreboard(1).entry(1)
    entry.begin("x" * 1000, tag="t" * 1000, soft_limit=0, hard_limit=0)
    work = entry.work()
    assert work is not None
    assert work.id.ljust(1000, "x") == "x" * 1000


def test_there_is_one_process_at_least_and_not_more_than_have_a_place() -> None:
    board = Scoreboard(3)
    board.wanted -= 5
    assert board.wanted == 1
    board.wanted = 10**6
    assert board.wanted == MOST_PROCESSES
    board.entry(MOST_PROCESSES).turn()
