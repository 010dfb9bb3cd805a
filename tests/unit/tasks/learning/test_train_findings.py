"""What is said of models that tell nothing apart."""

from __future__ import annotations

import numpy as np
import pytest

from tasks.estimators.outcomes import Outcomes
from tasks.learning.train_findings import constant_model


def outcomes(given: list[float], chances: list[list[float]]) -> Outcomes:
    rows = len(given)
    parts = np.array(chances) if chances else np.empty((rows, 0))
    problem = "binary" if chances else "regression"
    return Outcomes(problem, np.zeros(rows), np.array(given), parts, np.ones(rows))


@pytest.mark.parametrize(
    ("given", "chances", "said"),
    [
        ([1.5, 1.5, 1.5], [], 1),
        ([1.5, 1.5, 1.6], [], 0),
        ([0, 0], [[0.7, 0.3], [0.7, 0.3]], 1),
        ([0, 0], [[0.7, 0.3], [0.6, 0.4]], 0),
        ([1.5], [], 0),
    ],
)
def test_a_constant_model_is_said(given: list[float], chances: list[list[float]], said: int) -> None:
    assert len(constant_model(outcomes(given, chances))) == said
