"""Checks of an estimator in one process: what each finds of what is planted, and that a sound one passes."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.conformance import learning, serving
from tasks.conformance.carrying_out import carry_out
from tasks.conformance.remarks import Check
from tasks.conformance.trial import Trial
from tasks.estimators.base import Estimator
from tasks.estimators.catalogue import Catalogue
from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.scikit_learn.estimator import ScikitLearn
from tasks.estimators.without_rows import declared
from tests import planted

EXAMPLES = Path(__file__).parents[4] / "examples"
#: What cannot be looked at in the process of the tests, or costs time for what is not planted here.
ELSEWHERE = ("fork", "speed")


def table() -> pa.Table:
    """A number that matters, with a gap, a category, and the target."""
    x = np.linspace(0, 40, 120)
    return pa.table({
        "x": pa.array([None if row == 7 else float(value) for row, value in enumerate(x)]),
        "side": ["left" if row % 3 else "right" for row in range(120)],
        "y": 3 * x + np.sin(x),
    })  # fmt: skip


def texts() -> pa.Table:
    """A number, texts that all differ, and the target."""
    words = ["bright", "dark", "quiet", "loud", "old", "new", "wide"]
    notes = [f"{words[row % 7]} {words[row % 5]} {words[row % 3]} place {row}" for row in range(120)]
    numbers = [float(row % 9) for row in range(120)]
    return pa.table({"x": numbers, "note": notes, "y": [row % 7 * 2.5 for row in range(120)]})


def checked(cls: type[Estimator[Any]], params: Mapping[str, Any], rows: pa.Table | None = None) -> dict[str, Check]:
    """All checks that can be made here, by name: of the process that fits, then of one that serves. `rows`: those to
    learn from, the target as `y`; `table()` if none are given, and none for an estimator that needs none."""
    estimator, again = (Catalogue({"it": f"{cls.__module__}:{cls.__name__}"}, threads=1).get("it") for _ in range(2))
    found: dict[str, Check] = {}

    def tell(item: str | Check) -> None:
        if isinstance(item, Check):
            found[item.name] = item

    dataset = estimator.prepare(rows or table(), {"target": "y"}) if estimator.needs_rows else declared(estimator, {})
    fitted = learning.trial_of(estimator, dataset, params=params)
    if not carry_out(learning.STEPS, fitted, tell):
        return found
    served = Trial(again, fitted.schema, fitted.rows, predictions=fitted.answer, other_dumped=fitted.other_dumped)
    served.model = again.load(fitted.dumped)
    carry_out([step for step in serving.STEPS if step.name not in ELSEWHERE], served, tell)
    return found


def verdicts(found: Mapping[str, Check]) -> dict[str, str]:
    """What was not well, by check."""
    return {name: check.verdict for name, check in found.items() if check.verdict != "ok"}


def test_a_sound_estimator_passes_all() -> None:
    found = checked(planted.Sound, {"times": 1.0})
    assert verdicts(found) == {}
    assert {"fit", "dump", "a fresh process", "threads"} <= found.keys()


@pytest.mark.parametrize(
    ("cls", "params", "target"),
    [
        (LightGBM, {"num_iterations": 5}, ["no", "yes", "perhaps"]),
        (ScikitLearn, {}, [0.5, 1.5, 3.0, 7.0, 2.5, 4.0, 6.5]),
    ],
)
def test_those_that_ship_pass_all(cls: type[Estimator[Any]], params: dict[str, Any], target: list[Any]) -> None:
    rows = texts().set_column(2, "y", [[target[row % len(target)] for row in range(120)]])
    assert verdicts(checked(cls, params, rows)) == {}


def test_one_that_needs_no_rows_is_asked_for_rows_that_are_made_up() -> None:
    found = checked(planted.Formula, {})
    assert verdicts(found) == {}
    assert {"the answer", "new texts and categories", "threads"} <= found.keys()


def test_the_example_of_a_formula_passes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES / "formula")
    assert verdicts(checked(import_module("loan").Loan, {"yearly_percent": 5})) == {}


def test_new_texts_that_all_get_one_answer_are_a_warning() -> None:
    found = checked(planted.ByHeart, {}, texts())
    (remark,) = found["new texts and categories"].remarks
    assert (remark.severity, "all new texts in 'note'" in remark.message) == ("warning", True)
    assert "holdout" not in verdicts(found) or found["holdout"].verdict == "warning"


def test_what_a_model_tells_is_looked_at() -> None:
    found = checked(planted.Boastful, {})["what it tells"]
    said = [remark.message for remark in found.remarks]
    assert found.verdict == "fault"
    assert [text.split()[0] for text in said] == ["importance", "params_used", "base"], said
    assert "do not add up to raw" in said[-1]


def test_chances_that_do_not_add_up_are_found() -> None:
    rows = texts().set_column(2, "y", [["no", "yes"] * 60])
    assert "row 0 add up to 2" in checked(planted.Overdone, {}, rows)["the answer"].remarks[0].message


@pytest.mark.parametrize(
    ("cls", "name", "said"),
    [
        (planted.InGlobals, "another model", "after another model was fitted"),
        (planted.InSelf, "another version", "after another version was loaded"),
        (planted.Ordered, "order of rows", "in the reverse order"),
        (planted.Batched, "size of batches", "one by one"),
        (planted.Pickled, "dump", "pickle"),
        (planted.HiddenPickle, "dump", "pickle.dumps"),
        (planted.Random, "the same again", "the second time"),
        (planted.FewerRows, "the answer", "rows for"),
        (planted.NaNs, "the answer", "nan in column 'prediction'"),
        (planted.Worded, "the answer", "of type string where numbers belong"),
        (planted.Misnamed, "the answer", "predictions"),
        (planted.Popping, "fit", "changes the params"),
        (planted.Deaf, "a fit that is stopped", "fit went on"),
        (planted.NaNsForMissing, "missing values", "missing values: the estimator does not keep its contract"),
        (planted.Unready, "new texts and categories", "KeyError: 'never seen' (planted.py, line"),
        (planted.Shared, "threads", "beside other threads"),
    ],
)
def test_a_planted_fault_is_found(cls: type[Estimator[Any]], name: str, said: str) -> None:
    found = checked(cls, {"times": 1.0})
    assert found[name].verdict == "fault", verdicts(found)
    (remark,) = (remark for remark in found[name].remarks if remark.severity == "fault")
    assert said in remark.message
    assert remark.remedy


@pytest.mark.parametrize(
    ("cls", "name", "said"),
    [
        (planted.RandomFit, "another fit", "after another of the same data"),
        (planted.Silent, "fit", "never calls progress"),
        (planted.Careless, "params", "no_such_param"),
        (planted.Useless, "holdout", "no better than a guess"),
    ],
)
def test_what_is_only_strange_is_a_warning(cls: type[Estimator[Any]], name: str, said: str) -> None:
    found = checked(cls, {"times": 1.0})
    assert found[name].verdict == "warning", verdicts(found)
    assert any(said in remark.message for remark in found[name].remarks)
    assert "fault" not in verdicts(found).values()
