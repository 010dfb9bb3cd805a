"""What scikit-learn's HistGradientBoosting reaches on the same table in five folds, prepared by hand."""

from __future__ import annotations

import io
from dataclasses import dataclass
from typing import Any, Final

from tests.sweep.catalogue import Entry

#: What is compared, by problem; more is better.
METRIC: Final = {"regression": "r2", "binary": "auc", "multiclass": "accuracy"}
_SCORING: Final = {"regression": "r2", "binary": "roc_auc", "multiclass": "accuracy"}
_FOLDS: Final = 5
#: Texts of more different values are no categories of HistGradientBoosting.
_MOST_CATEGORIES: Final = 250


@dataclass(frozen=True, slots=True)
class Reached:
    """Mean and standard deviation over the folds."""

    mean: float
    deviation: float


def read_frame(data: bytes, media: str) -> Any:
    """The table as pandas reads it when it is told the separator."""
    import pandas as pd

    if media == "application/json":
        return pd.read_json(io.BytesIO(data))
    head = data[:4096].decode("utf-8-sig", errors="replace").split("\n")[0]
    separator = max(",;\t", key=head.count)
    return pd.read_csv(io.BytesIO(data), sep=separator)


def reached(entry: Entry, frame: Any, problem: str) -> Reached:
    """Its metric (`METRIC`) in five shuffled folds, stratified for classes. Row numbers are left out."""
    import pandas as pd
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
    from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

    frame = frame.dropna(subset=[entry.target])
    features = frame.drop(columns=[entry.target, *(n for n in frame.columns if str(n).startswith("Unnamed"))])
    categories = []
    for name in features.columns:
        if not pd.api.types.is_numeric_dtype(features[name]):
            dates = pd.to_datetime(features[name], errors="coerce", format="mixed")
            if dates.notna().mean() > 0.95:
                features[name] = dates.astype("int64")
            elif features[name].nunique() <= _MOST_CATEGORIES:
                features[name] = features[name].astype("category").cat.codes.replace(-1, float("nan"))
                categories.append(name)
            else:
                features = features.drop(columns=name)
    target = frame[entry.target]
    if problem == "regression":
        model: Any = HistGradientBoostingRegressor(categorical_features=categories, random_state=0)
        folds: Any = KFold(_FOLDS, shuffle=True, random_state=0)
        target = target.astype(float)
    else:
        model = HistGradientBoostingClassifier(categorical_features=categories, random_state=0)
        folds = StratifiedKFold(_FOLDS, shuffle=True, random_state=0)
        target = target.astype(str)
    scores = cross_val_score(model, features, target, cv=folds, scoring=_SCORING[problem])
    return Reached(float(scores.mean()), float(scores.std()))
