"""How a table is dealt among threads."""

from __future__ import annotations

import pytest

from tasks.estimators.lightgbm_bulk import PIECE_ROWS, piece_rows


@pytest.mark.parametrize(
    ("rows", "threads", "pieces"), [(10_000, 2, 4), (10_000, 1, 3), (512, 2, 2), (100_000, 4, 28), (4096, 1, 1)]
)
def test_each_thread_has_as_many_pieces_of_one_size(rows: int, threads: int, pieces: int) -> None:
    size = piece_rows(rows, threads=threads)
    assert size <= PIECE_ROWS
    assert -(-rows // size) == pieces
    assert pieces % threads == 0
    # The last one lacks what the division leaves, which is less than a row for each other piece.
    assert size * pieces - rows < pieces
