"""Predictions of many rows at once: pieces of a table or of a matrix, each predicted by one thread."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa

from tasks.estimators.fast_code import FastCode, FastCodeMaker
from tasks.estimators.features.layer import Features
from tasks.estimators.lightgbm_blocks import Blocks
from tasks.estimators.lightgbm_row import OneRow
from tasks.tables.batch import Matrix
from tasks.tables.columns import Schema
from tasks.tables.side_by_side import each

#: Tables with fewer rows are one piece, which one thread predicts: starting more costs more than it saves.
ROWS_FOR_THREADS: Final = 512
#: Most numbers of a piece. LightGBM reads its settings anew in each call, which takes 0.2 ms; code is fastest with what
#: is in the processor's cache.
PIECE_NUMBERS: Final = 2**20
CODE_PIECE_NUMBERS: Final = 2**17
#: The same of numbers that are still to be read: while a thread reads a piece, others wait for theirs.
COMING_NUMBERS: Final = 2**18
#: Pieces of fewer rows than this are not made smaller.
LEAST_PIECE_ROWS: Final = 4096


class Predictor(NamedTuple):
    """What makes predictions (a number for each, or a row of them) of a matrix of rows, in the calling thread."""

    predict: Callable[[Any], Any]
    #: How many numbers it is best given at a time, at most.
    numbers: int = PIECE_NUMBERS


@dataclass(frozen=True)
class Faster:
    """What predicts in place of a booster that was loaded: one row, large tables as blocks, or as code if any is
    made."""

    row: OneRow
    blocks: Blocks
    code: FastCode | None = None

    def predictor(self, booster: Any, rows: int) -> Predictor | None:
        """What predicts a table of so many rows; None if the booster is to do it."""
        if (found := self.row.function(rows)) is not None:
            return Predictor(found)
        if self.code is not None and (code := self.code.function(rows, booster.model_to_string)) is not None:
            return Predictor(code, CODE_PIECE_NUMBERS)
        blocks = self.blocks.function(rows)
        return None if blocks is None else Predictor(blocks)


def faster(
    boosters: Sequence[Any], texts: Sequence[bytes], features: Features, schema: Schema, *, maker: FastCodeMaker | None
) -> list[Faster]:
    """For each booster, whose text in LightGBM's format is given; `maker`: what makes code, if anything does."""
    refused = "" if features.filled(schema) is None else "its columns of text make rows sparse"
    return [
        Faster(OneRow(booster), Blocks(booster, text), maker(text, refused=refused) if maker is not None else None)
        for booster, text in zip(boosters, texts, strict=True)
    ]


def predicted(
    boosters: Sequence[Any],
    ways: Sequence[Faster],
    table: pa.Table,
    features: Features,
    schema: Schema,
    *,
    threads: int,
) -> list[Any]:
    """What each booster makes of all rows of a conformed table; `ways`: of each that was loaded."""

    def matrix(start: int, stop: int) -> Any:
        return features.matrix(table.slice(start, stop - start), schema)

    return _predicted(_predictors(boosters, ways, table.num_rows), matrix, table.shape, threads=threads)


def predicted_numbers(boosters: Sequence[Any], ways: Sequence[Faster], numbers: Matrix, *, threads: int) -> list[Any]:
    """The same of rows that lie in a matrix, or will: then others are predicted while some are read."""
    predictors = _predictors(boosters, ways, numbers.shape[0])
    if isinstance(numbers, np.ndarray):
        return _predicted(predictors, lambda start, stop: numbers[start:stop], numbers.shape, threads=threads)
    few = [one._replace(numbers=min(one.numbers, COMING_NUMBERS)) for one in predictors]
    return _predicted(few, numbers.part, numbers.shape, threads=threads)


def _predictors(boosters: Sequence[Any], ways: Sequence[Faster], rows: int) -> list[Predictor]:
    """What predicts a table of so many rows, for each booster."""
    found = [way.predictor(booster, rows) for way, booster in zip(ways, boosters, strict=False)]
    found += [None] * (len(boosters) - len(found))
    return [
        one or Predictor(partial(booster.predict, num_threads=1)) for one, booster in zip(found, boosters, strict=True)
    ]


def _predicted(
    predictors: Sequence[Predictor], matrix: Callable[[int, int], Any], shape: tuple[int, int], *, threads: int
) -> list[Any]:
    """What each makes of all rows; `matrix`: gives the features from one row on to before another."""
    rows = shape[0]
    if rows < ROWS_FOR_THREADS:
        whole = matrix(0, rows)
        return [one.predict(whole) for one in predictors]

    def of_piece(piece: tuple[int, int]) -> list[Any]:
        start, size = piece
        part = matrix(start, start + size)
        return [one.predict(part) for one in predictors]

    pieces = pieces_of(*shape, numbers=min(one.numbers for one in predictors), threads=threads)
    return [np.concatenate(parts) for parts in zip(*each(of_piece, pieces, threads=threads), strict=True)]


def pieces_of(rows: int, width: int, *, numbers: int, threads: int) -> list[tuple[int, int]]:
    """Where each piece of a table begins, and its rows: of at most so many `numbers`, and smaller towards the end, so
    that no thread is long at its last one while the others have nothing to do; of the smallest ones each thread has as
    many as the others.

    Source: Polychronopoulos and Kuck, Guided Self-Scheduling, IEEE Transactions on Computers C-36 (1987), 1425-1439.
    """
    most = max(LEAST_PIECE_ROWS, numbers // max(1, width))
    found, start = list[tuple[int, int]](), 0
    while (size := min(most, (rows - start) // (2 * threads))) > LEAST_PIECE_ROWS:
        found.append((start, size))
        start += size
    turns = -(-(rows - start) // (threads * LEAST_PIECE_ROWS))
    size = -(-(rows - start) // (threads * turns))
    return found + [(at, min(size, rows - at)) for at in range(start, rows, size)]
