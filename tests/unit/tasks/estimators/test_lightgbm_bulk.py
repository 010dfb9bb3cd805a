"""How a table is dealt among threads."""

from __future__ import annotations

import pytest

from tasks.estimators.lightgbm_bulk import CODE_PIECE_NUMBERS, LEAST_PIECE_ROWS, PIECE_NUMBERS, pieces_of


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [512, 513, 4096, 4097, 10_000, 65_537, 1_000_003])
@pytest.mark.parametrize(("width", "numbers"), [(30, PIECE_NUMBERS), (30, CODE_PIECE_NUMBERS), (5000, PIECE_NUMBERS)])
def test_each_row_is_in_one_piece_and_no_piece_is_too_large(rows: int, width: int, numbers: int, threads: int) -> None:
    pieces = pieces_of(rows, width, numbers=numbers, threads=threads)
    starts = [start for start, _ in pieces]
    sizes = [size for _, size in pieces]
    assert starts == [sum(sizes[:place]) for place in range(len(sizes))]
    assert sum(sizes) == rows
    assert min(sizes) > 0
    assert max(sizes) <= max(numbers // width, LEAST_PIECE_ROWS)
    assert sizes == sorted(sizes, reverse=True)


@pytest.mark.parametrize("threads", [1, 2, 3, 8])
@pytest.mark.parametrize("rows", [512, 4096, 10_000, 100_000])
def test_at_the_end_all_threads_have_something_to_do(rows: int, threads: int) -> None:
    sizes = [size for _, size in pieces_of(rows, 30, numbers=PIECE_NUMBERS, threads=threads)]
    last = [size for size in sizes if size <= LEAST_PIECE_ROWS]
    assert len(last) % threads == 0
    assert max(last) - min(last) < len(last)


def test_the_first_pieces_are_large() -> None:
    sizes = [size for _, size in pieces_of(100_000, 30, numbers=PIECE_NUMBERS, threads=2)]
    assert sizes[0] == 25_000
    assert len(sizes) == 11
