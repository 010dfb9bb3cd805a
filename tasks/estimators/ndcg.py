"""How well rows of queries are put in order: normalised discounted cumulative gain.

Source: Järvelin and Kekäläinen, Cumulated Gain-Based Evaluation of IR Techniques, ACM TOIS 20 (2002), 422-446, with the
gain 2 ** relevance - 1 of Burges et al., Learning to Rank Using Gradient Descent, ICML (2005). Rows of one score count
as the mean over their orders: McSherry and Najork, Computing Information Retrieval Performance Measures Efficiently in
the Presence of Tied Scores, ECIR (2008).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

#: Of how many first places of a query it is measured.
CUTS: Final = (1, 3, 5, 10, 20)

Floats = npt.NDArray[np.float64]


def ndcgs(
    truth: npt.NDArray[Any], scores: npt.NDArray[Any], of_query: npt.NDArray[np.intp], cuts: Sequence[int] = CUTS
) -> dict[int, Floats]:
    """NDCG of the first places of each query, by how many these are. 1 for a query of which nothing is relevant, as
    LightGBM has it. `of_query`: the number of each row's query, dense from 0."""
    gains = np.exp2(np.asarray(truth, dtype=np.float64)) - 1
    found, best = _gained(gains, scores, of_query, cuts), _gained(gains, gains, of_query, cuts)
    return {cut: np.divide(found[cut], best[cut], out=np.ones_like(best[cut]), where=best[cut] > 0) for cut in cuts}


def _gained(
    gains: Floats, scores: npt.NDArray[Any], of_query: npt.NDArray[np.intp], cuts: Sequence[int]
) -> dict[int, Floats]:
    """The discounted gain of each query's first places, the highest scores first."""
    order = np.lexsort((-scores, of_query))
    queries, ordered = of_query[order], scores[order]
    starts = np.flatnonzero(np.concatenate(([True], queries[1:] != queries[:-1])))
    places = np.arange(len(order)) - np.repeat(starts, np.diff(starts, append=len(order)))
    new = np.concatenate(([True], (queries[1:] != queries[:-1]) | (ordered[1:] != ordered[:-1])))
    ties = np.flatnonzero(new)
    sizes = np.diff(ties, append=len(order))
    mean = np.add.reduceat(gains[order], ties) / sizes
    discounts = 1 / np.log2(places + 2)
    found = {}
    for cut in cuts:
        counted = np.add.reduceat(np.where(places < cut, discounts, 0.0), ties)
        found[cut] = np.asarray(np.bincount(queries[ties], mean * counted), dtype=np.float64)
    return found
