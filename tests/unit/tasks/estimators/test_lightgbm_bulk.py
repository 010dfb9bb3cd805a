"""How a table is dealt among threads."""

from __future__ import annotations

import pytest

from tasks.estimators.lightgbm_bulk import (
    CODE_PIECE_NUMBERS,
    LEAST_PIECE_ROWS,
    PIECE_NUMBERS,
    piece_rows,
)


@pytest.mark.parametrize(
    ("rows", "width", "numbers", "threads", "pieces"),
    [
        (10_000, 32, CODE_PIECE_NUMBERS, 2, 4),
        (10_000, 32, CODE_PIECE_NUMBERS, 1, 3),
        (100_000, 32, CODE_PIECE_NUMBERS, 4, 28),
        (100_000, 32, PIECE_NUMBERS, 2, 4),
        (512, 32, PIECE_NUMBERS, 2, 2),
        (4096, 1, PIECE_NUMBERS, 1, 1),
        (8192, 10_000, PIECE_NUMBERS, 1, 2),
    ],
)
def test_each_thread_has_as_many_pieces_of_one_size(
    rows: int, width: int, numbers: int, threads: int, pieces: int
) -> None:
    size = piece_rows(rows, width, numbers=numbers, threads=threads)
    assert size * width <= max(numbers, LEAST_PIECE_ROWS * width)
    assert -(-rows // size) == pieces
    assert pieces % threads == 0
    # The last one lacks what the division leaves, which is less than a row for each other piece.
    assert size * pieces - rows < pieces
