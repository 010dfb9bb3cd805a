"""Predictions of many rows at once: pieces of a table, each made numbers and predicted by one thread while its numbers
are in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.estimators.fast_code import FastCode, FastCodeMaker
from tasks.estimators.features.layer import Features
from tasks.estimators.lightgbm_blocks import Blocks
from tasks.estimators.lightgbm_row import OneRow
from tasks.tables.batch import Matrices
from tasks.tables.columns import Schema
from tasks.tables.side_by_side import each

#: Tables with fewer rows are one piece, which one thread predicts: starting more costs more than it saves.
ROWS_FOR_THREADS: Final = 512
#: Most rows of a piece: with 30 columns 1 MB of numbers.
PIECE_ROWS: Final = 4096

#: What makes predictions (a number for each, or a row of them) of a matrix of rows, in the calling thread.
Predict = Callable[[Any], Any]


@dataclass(frozen=True)
class Faster:
    """What predicts in place of a booster that was loaded: one row, large tables as blocks, or as code if any is
    made."""

    row: OneRow
    blocks: Blocks
    code: FastCode | None = None

    def function(self, booster: Any, rows: int) -> Predict | None:
        """What predicts a table of so many rows; None if the booster is to do it."""
        found = self.row.function(rows)
        if found is None and self.code is not None:
            found = self.code.function(rows, booster.model_to_string)
        return found or self.blocks.function(rows)


def faster(
    boosters: Sequence[Any], texts: Sequence[bytes], features: Features, schema: Schema, *, maker: FastCodeMaker | None
) -> list[Faster]:
    """For each booster, whose text in LightGBM's format is given; `maker`: what makes code, if anything does."""
    refused = "" if features.filled(schema) is None else "its columns of text make rows sparse"
    return [
        Faster(OneRow(booster), Blocks(booster, text), maker(text, refused=refused) if maker is not None else None)
        for booster, text in zip(boosters, texts, strict=True)
    ]


def predicting(boosters: Sequence[Any], ways: Sequence[Faster], rows: int) -> list[Predict]:
    """What predicts a table of so many rows, for each booster."""
    found: list[Predict] = [partial(booster.predict, num_threads=1) for booster in boosters]
    for place, (way, booster) in enumerate(zip(ways, boosters, strict=False)):
        found[place] = way.function(booster, rows) or found[place]
    return found


def predicted(
    predicts: Sequence[Predict], table: pa.Table, features: Features, schema: Schema, *, threads: int
) -> list[Any]:
    """What each of `predicts` makes of all rows of a conformed table. Several threads call them at a time."""
    if table.num_rows < ROWS_FOR_THREADS:
        matrix = features.matrix(table, schema)
        return [predict(matrix) for predict in predicts]

    def of_piece(batch: pa.RecordBatch) -> list[Any]:
        matrix = features.matrix(pa.Table.from_batches([batch]), schema)
        return [predict(matrix) for predict in predicts]

    rows = piece_rows(table.num_rows, threads=threads)
    return _joined(each(of_piece, table.to_batches(max_chunksize=rows), threads=threads))


def predicted_numbers(
    boosters: Sequence[Any], ways: Sequence[Faster], matrices: Matrices, *, threads: int
) -> list[Any]:
    """What each booster makes of all rows of the matrices. Each of them is predicted by one thread."""
    predicts = predicting(boosters, ways, sum(map(len, matrices)))
    if len(matrices) == 1:
        return [predict(matrices[0]) for predict in predicts]
    return _joined(each(lambda matrix: [predict(matrix) for predict in predicts], matrices, threads=threads))


def _joined(pieces: Sequence[Sequence[Any]]) -> list[Any]:
    """What each booster makes of all rows, of what all of them make of each piece."""
    return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]


def piece_rows(rows: int, *, threads: int) -> int:
    """Rows of a piece of a table of so many, so that each thread has as many pieces of the same size as the others."""
    turns = -(-rows // (threads * PIECE_ROWS))
    return -(-rows // (threads * turns))
