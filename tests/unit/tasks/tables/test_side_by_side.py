"""Pieces of work in several threads."""

from __future__ import annotations

import threading

import pytest

from tasks.tables.side_by_side import each


@pytest.mark.parametrize("threads", [1, 3])
def test_what_is_found_has_the_order_of_the_pieces(threads: int) -> None:
    assert each(lambda piece: piece * 2, iter(range(50)), threads=threads) == list(range(0, 100, 2))
    assert each(lambda piece: piece, list[int](), threads=threads) == []


def test_pieces_are_done_at_the_same_time() -> None:
    together = threading.Barrier(2, timeout=10)
    each(lambda _: together.wait(), range(2), threads=2)


@pytest.mark.parametrize("own", [True, False], ids=["the calling thread", "another thread"])
def test_an_error_of_any_thread_is_raised_and_ends_the_others(own: bool) -> None:
    calling, begun, both = threading.get_ident(), [], threading.Barrier(2, timeout=10)

    def work(piece: int) -> None:
        begun.append(piece)
        if piece < 2:
            both.wait()
            if (threading.get_ident() == calling) is own:
                raise ValueError("no")

    before = threading.active_count()
    with pytest.raises(ValueError, match="no"):
        each(work, range(10**9), threads=2)
    assert len(begun) < 10**6
    assert threading.active_count() == before
