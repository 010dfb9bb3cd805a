"""Checks of `check` and `fit`: params, progress, and models that do not disturb each other."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np
import pyarrow as pa

from tasks.conformance.attempts import Failed, attempt, told
from tasks.conformance.comparing import difference
from tasks.conformance.figures import lasting
from tasks.conformance.remarks import Remark, fault, figure, warning
from tasks.conformance.trial import Trial
from tasks.errors import InvalidParams
from tasks.estimators.base import Metrics
from tasks.estimators.baselines import baseline
from tasks.estimators.metrics import figures, main_metric
from tasks.estimators.outcomes import Outcomes
from tasks.tables.group_split import group_hashes

#: A name that no estimator has for a param.
NO_PARAM: Final = "no_such_param"
#: What to do about an error of `fit`.
MEND_FIT: Final = (
    "mend fit; in a service the train fails so: the type and the first line reach the caller, the traceback the log"
)


#: By how much the probabilities of a row may miss 1.
SUM_OFF: Final = 1e-3
#: On fewer rows a metric says little.
FEW_TESTED: Final = 20


class Stop(Exception):
    """What progress raises to stop a fit."""


def params(trial: Trial) -> Iterator[Remark]:
    """Those that are given are known, one that nobody has is refused."""
    attempt("check", lambda: trial.estimator.check(trial.params), remedy="give params that it knows, or mend its check")
    try:
        trial.estimator.check({**trial.params, NO_PARAM: 1})
    except InvalidParams:
        return
    except Exception as error:
        yield warning(f"for a param that it does not know check raises {told(error)}", "raise InvalidParams for it")
    else:
        yield warning(
            f"it takes the param {NO_PARAM!r} without a word",
            "refuse unknown names in check, with InvalidParams: a slip of the pen is then no silent default",
        )


def fit(trial: Trial) -> Iterator[Remark]:
    """A model is fitted, which tells of its progress, and what it was given is as before."""
    heard: list[tuple[int, int]] = []

    def progress(iteration: int, most: int, _: Metrics) -> None:
        heard.append((iteration, most))

    given, before = copy.deepcopy(trial.params), _bytes(trial.learned.train)
    with trial.watch() as seen:
        trial.model = attempt("fit", lambda: trial.estimator.fit(trial.learned, given, progress), remedy=MEND_FIT)
    yield from seen
    if given != trial.params:
        yield fault(
            f"fit changes the params that it is given: {trial.params} became {given}",
            "work on a copy, dict(params): a train asks several fits with the same params",
        )
    if _bytes(trial.learned.train) != before:
        yield fault("fit changes the table that it is given", "work on a copy of the columns")
    if not heard and trial.estimator.needs_rows:
        yield warning(
            "fit never calls progress",
            "call progress(iteration, most, {}) after each iteration: so a train is shown, and can be cancelled",
        )
    elif any(not 1 <= iteration <= most for iteration, most in heard):
        yield warning(f"progress is told {heard[0]}", "count iterations from 1, and say how many there may be")


def stopping(trial: Trial) -> Iterator[Remark]:
    """What progress raises stops the fit."""
    asked = False

    def stop(_iteration: int, _most: int, _metrics: Metrics) -> None:
        nonlocal asked
        asked = True
        raise Stop

    try:
        trial.estimator.fit(trial.learned, copy.deepcopy(trial.params), stop)
    except Stop:
        return
    except Exception as error:
        if asked:
            yield fault(
                f"progress raised, and fit raised {told(error)} in its place",
                "let pass what progress raises: catch the errors that you expect, not Exception",
            )
        return
    if asked:
        yield fault(
            "progress raised, and fit went on: the train could be neither cancelled nor ended in time",
            "let pass what progress raises: catch the errors that you expect, not Exception",
        )


def answer(trial: Trial) -> Iterator[Remark]:
    """The answer has the shape, types and values that the contract promises."""
    before = _bytes(trial.rows)
    with trial.watch() as seen:
        found = trial.ask(trial.rows)
    yield from seen
    yield from sums_off(found)
    if _bytes(trial.rows) != before:
        yield fault("predict changes the rows that it is given", "work on a copy of the columns")
    trial.predictions = found


def others(trial: Trial) -> list[Remark]:
    """Another model in the same process changes nothing for the first."""
    half = replace(trial.learned, train=trial.learned.train.slice(0, max(1, trial.learned.train.num_rows // 2)))
    trial.other = attempt(
        "fit of half the rows",
        lambda: trial.estimator.fit(half, copy.deepcopy(trial.params), _quiet),
        remedy=MEND_FIT,
    )
    wrong = difference(trial.answer, trial.ask(trial.rows), ways=("at first", "after another model was fitted"))
    if wrong:
        raise Failed(
            fault(
                wrong,
                "keep all that predict needs in the model that fit returns, nothing in the class, self or the module",
            )
        )
    return []


def again(trial: Trial) -> Iterator[Remark]:
    """Another fit of the same data gives the same model; for that libraries need not be imported."""
    start = time.perf_counter()
    model = attempt(
        "the second fit",
        lambda: trial.estimator.fit(trial.learned, copy.deepcopy(trial.params), _quiet),
        remedy=MEND_FIT,
    )
    seconds, rows = time.perf_counter() - start, trial.learned.train.num_rows
    yield figure(f"{rows} rows in {lasting(seconds)}{f', {lasting(seconds / rows)} a row' if rows else ''}")
    found = trial.ask(trial.rows, model)
    if wrong := difference(trial.answer, found, ways=("after one fit", "after another of the same data")):
        yield warning(wrong, "give what draws at random a fixed seed, so that a train can be repeated and compared")


def score(trial: Trial) -> Iterator[Remark]:
    """How good the answers are on rows that the fit has not seen, beside one that knows the target alone."""
    tested, schema = trial.learned.tested, trial.schema
    if not tested.num_rows:
        return
    quantile = trial.estimator.quantile(trial.params)
    answers = trial.ask(tested.select(schema.names))
    truth = tested.column(schema.target)
    query = schema.beside_of("query") if schema.problem == "ranking" else ""
    queries = group_hashes(tested.column(query)) if query else None
    found = Outcomes.of(schema.problem, truth, answers, schema.classes, quantile=quantile, queries=queries)
    guess = baseline(found, trial.learned.train.column(schema.target), schema)
    own, plain = figures(found), figures(guess)
    name, grows = main_metric(schema.problem, "" if quantile is None else "pinball", own, plain)
    yield figure(f"{name} {own[name]:.3g} on {len(found)} rows that it has not seen; without a model {plain[name]:.3g}")
    worse = own[name] <= plain[name] if grows else own[name] >= plain[name]
    if worse and len(found) >= FEW_TESTED:
        yield warning(
            f"it is no better than a guess that knows the target alone ({name} {own[name]:.3g}, {plain[name]:.3g})",
            "look whether fit uses the columns, and whether predict reads them as fit did",
        )


def sums_off(answer: pa.Table) -> Iterator[Remark]:
    """What is wrong with the probabilities of an answer that has some."""
    names = [name for name in answer.column_names if name.startswith("probability_")]
    if not names:
        return
    sums = np.sum([answer.column(name).to_numpy() for name in names], axis=0)
    off = np.abs(sums - 1) > SUM_OFF
    if off.any():
        row = int(off.argmax())
        yield fault(
            f"the probabilities of row {row} add up to {sums[row]:.4g}", "divide them by their sum, so that it is 1"
        )


def _quiet(_iteration: int, _most: int, _metrics: Metrics) -> None:
    return


def _bytes(table: pa.Table) -> bytes:
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    whole: bytes = sink.getvalue().to_pybytes()
    return whole
