"""Where params of the last step are looked for if nobody says it."""

from __future__ import annotations

from typing import Any, Final

_STRENGTH: Final = {"C": {"low": 1e-3, "high": 1e3, "log": True, "start": 1.0}}
_PENALTY: Final = {"alpha": {"low": 1e-4, "high": 1e3, "log": True, "start": 1.0}}
_SHRINKAGE: Final = {"alpha": {"low": 1e-5, "high": 10.0, "log": True, "start": 0.01}}
_FOREST: Final = {
    "max_features": {"low": 0.1, "high": 1.0, "start": 0.5},
    "min_samples_leaf": {"low": 1, "high": 20, "log": True, "integer": True, "start": 1},
}
_HISTOGRAMS: Final = {
    "learning_rate": {"low": 0.02, "high": 0.3, "log": True, "start": 0.1},
    "max_leaf_nodes": {"low": 4, "high": 64, "log": True, "integer": True, "start": 31},
    "min_samples_leaf": {"low": 3, "high": 60, "log": True, "integer": True, "start": 20},
    "l2_regularization": {"low": 1e-3, "high": 30.0, "log": True, "start": 1e-3},
}
_BOOSTING: Final = {
    "learning_rate": {"low": 0.02, "high": 0.3, "log": True, "start": 0.1},
    "max_depth": {"low": 2, "high": 6, "integer": True, "start": 3},
    "subsample": {"low": 0.5, "high": 1.0, "start": 1.0},
}
_NEIGHBOURS: Final = {
    "n_neighbors": {"low": 1, "high": 50, "log": True, "integer": True, "start": 5},
    "weights": ["uniform", "distance"],
}
_NETWORK: Final = {
    "alpha": {"low": 1e-6, "high": 1.0, "log": True, "start": 1e-4},
    "learning_rate_init": {"low": 1e-4, "high": 1e-1, "log": True, "start": 1e-3},
}
#: By the name of the class.
_SPACES: Final[dict[str, dict[str, Any]]] = {
    **dict.fromkeys(("LogisticRegression", "LinearSVC", "LinearSVR", "SVC", "SVR"), _STRENGTH),
    **dict.fromkeys(("Ridge", "RidgeClassifier", "KernelRidge"), _PENALTY),
    **dict.fromkeys(("Lasso", "ElasticNet", "SGDClassifier", "SGDRegressor"), _SHRINKAGE),
    **dict.fromkeys(("MultinomialNB", "ComplementNB", "BernoulliNB"), _SHRINKAGE),
    **dict.fromkeys(("RandomForestClassifier", "RandomForestRegressor"), _FOREST),
    **dict.fromkeys(("ExtraTreesClassifier", "ExtraTreesRegressor"), _FOREST),
    **dict.fromkeys(("HistGradientBoostingClassifier", "HistGradientBoostingRegressor"), _HISTOGRAMS),
    **dict.fromkeys(("GradientBoostingClassifier", "GradientBoostingRegressor"), _BOOSTING),
    **dict.fromkeys(("KNeighborsClassifier", "KNeighborsRegressor"), _NEIGHBOURS),
    **dict.fromkeys(("MLPClassifier", "MLPRegressor"), _NETWORK),
}


def space_of(name: str, step: Any, given: dict[str, Any], *, rows: int) -> dict[str, Any]:
    """The space of a last step, whose params are called `name__param`, without those that are given; `rows`: how many
    are learned from. Empty for classes of which nothing is known."""
    found = {}
    for param, domain in _SPACES.get(type(step).__name__, {}).items():
        if param in given or f"{name}__{param}" in given:
            continue
        if param in ("n_neighbors", "min_samples_leaf") and isinstance(domain, dict):
            # A part of the rows at most, and never below the least.
            high = max(domain["low"] + 1, min(domain["high"], rows // 5))
            domain = {**domain, "high": high, "start": min(domain["start"], high)}
        found[f"{name}__{param}"] = domain
    return found
