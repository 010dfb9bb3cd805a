"""What the sweep over real tables counts as good."""

from __future__ import annotations

from tests.sweep.catalogue import Entry, catalogue
from tests.sweep.peer import Reached
from tests.sweep.report import page, within_noise
from tests.sweep.trying import Tried


def test_no_table_is_tried_twice_and_each_has_a_target() -> None:
    entries = catalogue()
    assert len({(entry.source, entry.name) for entry in entries}) == len(entries) >= 100
    assert all(entry.target and entry.problems for entry in entries)
    assert [entry.name for entry in catalogue("COUNT/titanic")] == ["COUNT/titanic"]


def test_a_wrong_problem_without_a_word_is_told() -> None:
    entry = Entry("made", "up", "y", ("regression",))
    assert not Tried(entry, problem="multiclass").problem_said
    assert Tried(entry, problem="multiclass", findings=[{"code": "problem_guessed"}]).problem_said
    assert Tried(entry, problem="regression").problem_said


def test_noise_is_that_of_the_folds() -> None:
    assert within_noise(0.85, Reached(0.9, 0.03))
    assert not within_noise(0.8, Reached(0.9, 0.03))


def test_the_page_counts_what_failed() -> None:
    entry = Entry("made", "up", "y", ("binary",))
    good = Tried(entry, rows=100, columns=3, problem="binary", metrics={"auc": 0.7})
    text = page([(good, Reached(0.9, 0.01)), (Tried(entry, fault="init: 422 it is odd"), None)])
    assert "1 of 2 tables (50.0%)" in text
    assert "0 of 1 are within 2 standard deviations" in text
    assert "| **0.700** | 0.900 +- 0.010 |" in text
    assert "**init: 422 it is odd**" in text
