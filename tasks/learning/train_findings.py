"""What a train has to say of its model beside the figures."""

from __future__ import annotations

import numpy as np

from tasks.estimators.outcomes import Outcomes
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding

#: Fewest rows that show whether a model tells rows apart.
_FEWEST_ROWS = 2


def constant_model(outcomes: Outcomes) -> list[Finding]:
    """A finding if a model gave all rows that it was measured on the same answer."""
    answers = outcomes.chances if outcomes.chances.size else outcomes.given
    if len(answers) < _FEWEST_ROWS or np.ptp(answers, axis=0).any():
        return []
    message = f"the model gives the {len(answers)} rows that measure the same answer"
    return [finding("constant_model", message, count=len(answers))]
