"""Trees whose nodes point where there is something: scikit-learn follows them without a look.

Source: https://github.com/scikit-learn/scikit-learn/pull/34558, and what `skops.io.exceptions` says of trees.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from tasks.errors import EstimatorFailed


def check_sound(model: Any) -> None:
    """Raise EstimatorFailed for trees in a loaded model that could not come of a fit."""
    for owner in owners(model):
        width = getattr(owner, "n_features_in_", None)
        tree = vars(owner).get("tree_")
        if tree is not None and not (width == tree.n_features and _is_tree(tree, width)):
            raise _fault(owner)
        for inner in _inner_trees(owner):
            # Those look at the width no more: the ensemble has, once for all.
            if getattr(inner, "n_features_in_", None) != width:
                raise _fault(owner)
        for predictor in _predictors(owner):
            if not _is_predictor(predictor, width):
                raise _fault(owner)


def owners(model: Any, seen: set[int] | None = None) -> Iterator[Any]:
    """Everything that a model is made of and that has attributes, itself too, each once."""
    seen = set() if seen is None else seen
    if id(model) in seen or isinstance(model, type | str | bytes | int | float | np.ndarray | None):
        return
    seen.add(id(model))
    if isinstance(model, dict):
        parts = list(model.values())
    elif isinstance(model, list | tuple | set):
        parts = list(model)
    elif hasattr(model, "__dict__"):
        yield model
        parts = list(vars(model).values())
    else:
        return
    for part in parts:
        yield from owners(part, seen)


def _inner_trees(owner: Any) -> list[Any]:
    found = vars(owner).get("estimators_")
    if isinstance(found, np.ndarray):
        found = found.ravel().tolist()
    subset = vars(owner).get("estimators_features_")
    return [one for one in found or [] if hasattr(one, "tree_")] if subset is None else []


def _predictors(owner: Any) -> list[Any]:
    return [one for round_ in vars(owner).get("_predictors") or [] for one in round_]


def _is_tree(tree: Any, width: int) -> bool:
    left, right, feature = tree.children_left, tree.children_right, tree.feature
    places = np.arange(len(left))
    inner = left != -1
    # Each child comes after its parent, so that every way ends.
    deeper = (left > places) & (right > places) & (left < len(left)) & (right < len(left))
    known = (feature >= 0) & (feature < width)
    return bool(len(left)) and bool(((~inner & (right == -1)) | (inner & deeper & known)).all())


def _is_predictor(predictor: Any, width: Any) -> bool:
    nodes = predictor.nodes
    places, inner = np.arange(len(nodes)), nodes["is_leaf"] == 0
    left, right, feature = (nodes[name].astype(np.int64) for name in ("left", "right", "feature_idx"))
    deeper = (left > places) & (right > places) & (left < len(nodes)) & (right < len(nodes))
    known = (feature >= 0) & (feature < width) & _has_bits(predictor, nodes)
    return bool(len(nodes)) and bool((~inner | (deeper & known)).all())


def _has_bits(predictor: Any, nodes: Any) -> Any:
    """Where a split on categories finds its set of them."""
    bits = min(len(predictor.binned_left_cat_bitsets), len(predictor.raw_left_cat_bitsets))
    return (nodes["is_categorical"] == 0) | (nodes["bitset_idx"] < bits)


def _fault(owner: Any) -> EstimatorFailed:
    name = type(owner).__name__
    return EstimatorFailed(
        f"the stored model cannot be used: a tree of {name} points to what is not there; train it again"
    )
