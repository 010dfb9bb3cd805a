"""Thresholds, calibration, intervals and sets of predictions, each against a reference."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest
from sklearn import metrics as reference
from sklearn.isotonic import IsotonicRegression

from tasks.errors import InvalidField
from tasks.estimators.outcomes import Outcomes
from tasks.learning.conformal import MOST_SCORES, class_sets, interval_bounds, kept_scores, reach
from tasks.learning.deciding import decided, decision_of
from tasks.learning.isotonic import applied, isotonic
from tasks.learning.thresholds import best_threshold
from tasks.registry.measured import Decision
from tasks.tables.choices import Choices
from tasks.tables.columns import Schema


def rows(seed: int, count: int = 400) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chances, whether they came true, and weights."""
    rng = np.random.default_rng(seed)
    chance = rng.beta(1, 3, size=count).round(2)
    return chance, rng.uniform(size=count) < chance**0.7, rng.uniform(0.1, 2, size=count)


@pytest.mark.parametrize("seed", range(3))
def test_thresholds_are_as_good_as_any(seed: int) -> None:
    chance, positive, weights = rows(seed)

    def worth(rule: str, threshold: float) -> float:
        given = chance >= threshold
        if rule == "cost":
            return -float(weights @ (given & ~positive) + 5 * (weights @ (~given & positive)))
        of = reference.f1_score if rule == "max_f1" else reference.balanced_accuracy_score
        return float(of(positive, given, sample_weight=weights))

    for rule in ("max_f1", "balanced", "cost"):
        found = best_threshold(chance, positive, weights, rule=rule, costs=(1, 5))
        # Between any two chances, which have two digits.
        best = max(worth(rule, threshold) for threshold in np.arange(-0.005, 1.01, 0.01))
        assert worth(rule, found) == pytest.approx(best), rule


@pytest.mark.parametrize("seed", range(3))
def test_isotonic_is_that_of_scikit_learn(seed: int) -> None:
    chance, came, weights = rows(seed)
    edge = 1 / (len(chance) + 2)
    known = IsotonicRegression(y_min=edge, y_max=1 - edge, out_of_bounds="clip").fit(chance, came, weights)
    knots = isotonic(chance, came.astype(float), weights)
    new = np.linspace(0, 1, 101)
    np.testing.assert_allclose(np.interp(new, knots.x, knots.y), known.predict(new), atol=1e-9)
    assert len(knots.x) < 40


def test_calibrated_chances_of_several_classes_are_1_in_sum() -> None:
    rng = np.random.default_rng(0)
    chances, truth = rng.dirichlet([1, 1, 1], size=300), rng.integers(0, 3, size=300)
    outcomes = Outcomes("multiclass", truth, chances.argmax(axis=1), chances, np.ones(300))
    decision = decision_of(outcomes, Choices(calibrate=True))
    found = applied(chances, decision.calibration)
    np.testing.assert_allclose(found.sum(axis=1), 1)
    # Nothing is known, so all are a third on average.
    np.testing.assert_allclose(found.mean(axis=0), [1 / 3] * 3, atol=0.05)


def test_a_threshold_is_applied_and_all_else_stays_as_it_was() -> None:
    schema = Schema(columns=[], target="y", problem="binary", classes=["no", "yes"], class_type="string")
    said = pa.table({"prediction": ["no", "yes"], "probability_0": [0.7, 0.4], "probability_1": [0.3, 0.6]})
    assert decided(said, Decision(), schema) is said
    moved = decided(said, Decision(threshold=0.3), schema)
    assert moved.column("prediction").to_pylist() == ["yes", "yes"]
    assert moved.select(["probability_0", "probability_1"]).equals(said.select(["probability_0", "probability_1"]))
    assert decided(said, Decision(threshold=0.61), schema).column("prediction").to_pylist() == ["no", "no"]


def test_scores_are_thinned_and_reach_stays_where_it_was() -> None:
    scores = np.random.default_rng(0).exponential(size=20_000)
    whole = Decision(scores=sorted(scores.tolist()), scored=20_000)
    thin = Decision(scores=kept_scores(scores), scored=20_000)
    assert len(thin.scores) == MOST_SCORES
    for level in (0.5, 0.9, 0.99):
        assert reach(thin, level) == pytest.approx(reach(whole, level), rel=0.02)
        assert reach(thin, level) >= reach(whole, level) - 1e-12
    few = Decision(scores=[1.0, 2.0, 3.0, 4.0], scored=4)
    assert reach(few, 0.8) == 4.0
    assert reach(few, 0.6) == 3.0
    with pytest.raises(InvalidField, match=r"needs 9 validation rows; this version had 4: ask for at most 0.8"):
        reach(few, 0.9)
    with pytest.raises(InvalidField, match="train on rows that have the target"):
        reach(Decision(), 0.9)


def test_intervals_and_sets_hold_the_truth_as_often_as_asked() -> None:
    rng = np.random.default_rng(2)
    held, sets_held = [], []
    for _ in range(20):
        truth, noise = rng.normal(size=4000), rng.standard_t(4, size=4000)
        outcomes = Outcomes("regression", truth[:2000], truth[:2000] + noise[:2000], np.empty((2000, 0)), np.ones(2000))
        low, high = interval_bounds((truth + noise)[2000:], decision_of(outcomes, Choices()), 0.9)
        held.append(((low <= truth[2000:]) & (truth[2000:] <= high)).mean())
        chances = rng.dirichlet([0.5, 1, 1], size=4000)
        classes = (chances.cumsum(axis=1) < rng.uniform(size=(4000, 1))).sum(axis=1).clip(max=2)
        known = Outcomes("multiclass", classes[:2000], chances[:2000].argmax(axis=1), chances[:2000], np.ones(2000))
        found = class_sets(chances[2000:].tolist(), [0, 1, 2], decision_of(known, Choices()), 0.9)
        sets_held.append(np.mean([value in one for value, one in zip(classes[2000:], found, strict=True)]))
    assert np.mean(held) == pytest.approx(0.9, abs=0.02)
    assert np.mean(sets_held) == pytest.approx(0.9, abs=0.02)
    assert all(class_sets([[0.4, 0.3, 0.3]], ["a", "b", "c"], Decision(scores=[0.0] * 99, scored=99), 0.5))
