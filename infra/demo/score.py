"""Whether predictions are better than a guess that looks at no feature."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

#: The smallest probability that the logarithm is taken of.
LEAST: Final = 1e-9


@dataclass(frozen=True, kw_only=True)
class Score:
    """How good the model is on the rows held back, beside the guess."""

    #: accuracy (more is better) or RMSE (less is better).
    measure: str
    model: float
    guess: float
    #: What is guessed: the most frequent class or the mean of the learned rows.
    guessed: Any
    better: bool


def score(answer: Mapping[str, Any], *, truth: Sequence[Any], learned: Sequence[Any]) -> Score:
    """The score of an estimate's result. `truth` and `learned` are target values.

    Classes are judged by accuracy and, where that is the same as the guess's, by log loss.
    """
    if "classes" in answer:
        return _of_classes(answer, truth, learned)
    guessed = float(np.mean(np.asarray(learned, dtype=float)))
    model, guess = _rmse(answer["predictions"], truth), _rmse([guessed] * len(truth), truth)
    return Score(measure="RMSE", model=model, guess=guess, guessed=guessed, better=model < guess)


def _of_classes(answer: Mapping[str, Any], truth: Sequence[Any], learned: Sequence[Any]) -> Score:
    counts = Counter(learned)
    guessed = counts.most_common(1)[0][0]
    model, guess = _accuracy(answer["predictions"], truth), _accuracy([guessed] * len(truth), truth)
    better = model > guess
    if model == guess:
        places = {value: place for place, value in enumerate(answer["classes"])}
        rows = zip(answer["probabilities"], truth, strict=True)
        given = [row[places[true]] if true in places else 0.0 for row, true in rows]
        shares = [counts[true] / len(learned) for true in truth]
        better = _log_loss(given) < _log_loss(shares)
    return Score(measure="accuracy", model=model, guess=guess, guessed=guessed, better=better)


def _rmse(given: Sequence[float], truth: Sequence[Any]) -> float:
    return float(np.sqrt(np.mean((np.asarray(given, dtype=float) - np.asarray(truth, dtype=float)) ** 2)))


def _accuracy(given: Sequence[Any], truth: Sequence[Any]) -> float:
    hits = [one == other for one, other in zip(given, truth, strict=True)]
    return hits.count(True) / len(hits)


def _log_loss(chances: Sequence[float]) -> float:
    return float(-np.log(np.maximum(np.asarray(chances, dtype=float), LEAST)).mean())
