"""Predictions of many rows at once: pieces of a table, each made numbers and predicted by one thread while its numbers
are in the processor's cache."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Final

import numpy as np
import pyarrow as pa

from tasks.estimators.fast_code import FastCode, FastCodeMaker
from tasks.estimators.features.layer import Features
from tasks.tables.columns import Schema
from tasks.tables.side_by_side import each

#: Tables with fewer rows are one piece, which one thread predicts: starting more costs more than it saves.
ROWS_FOR_THREADS: Final = 512
#: Rows of a piece: with 30 columns 0.5 MB of numbers.
PIECE_ROWS: Final = 2048

#: What makes predictions (a number for each, or a row of them) of a matrix of rows, in the calling thread.
Predict = Callable[[Any], Any]


def fast_code(
    maker: FastCodeMaker | None, texts: Sequence[bytes], features: Features, schema: Schema
) -> list[FastCode]:
    """For each booster, in LightGBM's text format; none where nothing makes any."""
    if maker is None:
        return []
    refused = "" if features.filled(schema) is None else "its columns of text make rows sparse"
    return [maker(text, refused=refused) for text in texts]


def predicting(boosters: Sequence[Any], code: Sequence[FastCode], rows: int) -> list[Predict]:
    """What predicts a table of so many rows, for each booster."""
    found: list[Predict] = [partial(booster.predict, num_threads=1) for booster in boosters]
    for place, (own, booster) in enumerate(zip(code, boosters, strict=False)):
        if (function := own.function(rows, booster.model_to_string)) is not None:
            found[place] = function
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

    pieces = each(of_piece, table.to_batches(max_chunksize=PIECE_ROWS), threads=threads)
    return [np.concatenate(parts) for parts in zip(*pieces, strict=True)]
