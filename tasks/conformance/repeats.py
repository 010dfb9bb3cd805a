"""Checks of `predict`: the answer for a row is that row's own, however and whenever it is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import pyarrow as pa

from tasks.conformance.attempts import Failed
from tasks.conformance.comparing import difference
from tasks.conformance.remarks import Remark, fault
from tasks.conformance.trial import Trial, picked

#: So many rows are asked for one by one.
ALONE: Final = 20


def fresh(trial: Trial) -> Iterator[Remark]:
    """A process that has fitted nothing answers as the one that has."""
    found = trial.ask(trial.rows)
    if wrong := difference(trial.answer, found, ways=("where it was fitted", "in a fresh process")):
        yield fault(
            wrong,
            "dump all that predict needs: nothing may stay in the class, in self or in the module; and use no hash() of"
            " text, which is another in each process (zlib.crc32 is not)",
        )
    # From here on this process is compared with itself.
    trial.predictions = found


def others(trial: Trial) -> Iterator[Remark]:
    """Another version that is loaded beside it changes nothing."""
    trial.other = trial.estimator.load(trial.other_dumped)
    trial.ask(trial.rows, trial.other)
    if wrong := difference(trial.answer, trial.ask(trial.rows), ways=("at first", "after another version was loaded")):
        yield fault(
            wrong,
            "a worker holds many versions: keep all that predict needs in what load returns, nothing in the class, in"
            " self or in the module",
        )


def again(trial: Trial) -> list[Remark]:
    """The same rows have the same answer the next time."""
    if wrong := difference(trial.answer, trial.ask(trial.rows), ways=("the first time", "the second time")):
        raise Failed(fault(wrong, "draw nothing at random in predict, and remember nothing from one call to the next"))
    return []


def order(trial: Trial) -> Iterator[Remark]:
    """Rows in the reverse order have the same answers."""
    back = pa.array(range(trial.rows.num_rows - 1, -1, -1))
    found = trial.ask(trial.rows.take(back)).take(back)
    if wrong := difference(trial.answer, found, ways=("in this order", "in the reverse order")):
        yield fault(
            wrong, "let the answer for a row depend on that row alone: a service puts rows of many callers together"
        )


def batches(trial: Trial) -> Iterator[Remark]:
    """Rows that are asked for one by one, or in halves, have the same answers."""
    some = picked(pa.table({"row": pa.array(range(trial.rows.num_rows))}), ALONE).column("row").to_pylist()
    singles = pa.concat_tables([trial.ask(trial.rows.slice(row, 1)) for row in some])
    middle = (trial.rows.num_rows + 1) // 2
    halves = pa.concat_tables([trial.ask(trial.rows.slice(0, middle)), trial.ask(trial.rows.slice(middle))])
    together = trial.answer.take(pa.array(some))
    wrong = difference(together, singles, ways=("together", "one by one")) or difference(
        trial.answer, halves, ways=("together", "in halves")
    )
    if wrong:
        yield fault(
            wrong,
            "let the answer for a row depend on that row alone: means, ranks and encodings belong into fit, and what"
            " they found into the model",
        )
