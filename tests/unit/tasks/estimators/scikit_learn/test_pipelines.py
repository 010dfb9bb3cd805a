"""Common estimators and pipelines: each learns, is stored without pickle, and says the same when it is read."""

from __future__ import annotations

import json
from typing import Any, Final

import numpy as np
import pytest

from tasks.errors import InvalidParams
from tests.unit.tasks.estimators.scikit_learn.tables import estimator, fitted, measuring, mixed, prepared

LOGISTIC: Final = "sklearn.linear_model.LogisticRegression"
FOREST: Final = {"class": "sklearn.ensemble.RandomForestClassifier", "n_estimators": 5}
TFIDF: Final = "sklearn.feature_extraction.text.TfidfVectorizer"
#: Fewest rows that a classifier gets right, and least correlation of a regression.
LEAST: Final = 0.6

CLASSIFIERS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "logistic": {"estimator": LOGISTIC, "C": 0.5},
    "text first": {"estimator": [TFIDF, LOGISTIC], "tfidfvectorizer__ngram_range": [1, 2]},
    "counts, then tf-idf": {
        "estimator": [
            "sklearn.feature_extraction.text.CountVectorizer",
            "sklearn.feature_extraction.text.TfidfTransformer",
            LOGISTIC,
        ],
        "logisticregression__C": 10,
    },
    "hashed text": {
        "estimator": LOGISTIC,
        "text": "sklearn.feature_extraction.text.HashingVectorizer",
        "text__n_features": 1024,
    },
    "text by components": {"estimator": LOGISTIC, "text": [TFIDF, "sklearn.decomposition.TruncatedSVD"]},
    "imputed, scaled": {
        "estimator": ["sklearn.impute.SimpleImputer", "sklearn.preprocessing.StandardScaler", LOGISTIC]
    },
    "by neighbours imputed": {"estimator": LOGISTIC, "numbers": "sklearn.impute.KNNImputer"},
    "iteratively imputed": {"estimator": LOGISTIC, "numbers": "sklearn.impute.IterativeImputer"},
    "binned": {
        "estimator": LOGISTIC,
        "numbers": [
            "sklearn.impute.SimpleImputer",
            {"class": "sklearn.preprocessing.KBinsDiscretizer", "quantile_method": "averaged_inverted_cdf"},
        ],
    },
    "targets for categories": {"estimator": LOGISTIC, "categories": "sklearn.preprocessing.TargetEncoder"},
    "chosen columns": {"estimator": ["sklearn.feature_selection.SelectKBest", LOGISTIC], "selectkbest__k": 4},
    "tree": {"estimator": "sklearn.tree.DecisionTreeClassifier", "max_depth": 4},
    "forest": {"estimator": FOREST},
    "extra trees": {"estimator": "sklearn.ensemble.ExtraTreesClassifier", "n_estimators": 5},
    "boosting": {"estimator": "sklearn.ensemble.GradientBoostingClassifier", "n_estimators": 10},
    "histograms": {"estimator": "sklearn.ensemble.HistGradientBoostingClassifier", "max_iter": 10},
    "adaboost": {"estimator": "sklearn.ensemble.AdaBoostClassifier", "n_estimators": 5},
    "bagging": {"estimator": {"class": "sklearn.ensemble.BaggingClassifier", "estimator": LOGISTIC, "n_estimators": 3}},
    "stack": {
        "estimator": {
            "class": "sklearn.ensemble.StackingClassifier",
            "estimators": [["forest", FOREST], ["linear", LOGISTIC]],
            "cv": 2,
        }
    },
    "vote": {
        "estimator": {
            "class": "sklearn.ensemble.VotingClassifier",
            "voting": "soft",
            "estimators": [["forest", FOREST], ["linear", LOGISTIC]],
        }
    },
    "calibrated": {"estimator": {"class": "sklearn.calibration.CalibratedClassifierCV", "estimator": FOREST, "cv": 2}},
    "calibrated by steps": {
        "estimator": {"class": "sklearn.calibration.CalibratedClassifierCV", "method": "isotonic", "cv": 2}
    },
    "linear SVM": {"estimator": "sklearn.svm.LinearSVC"},
    "SVM": {"estimator": "sklearn.svm.SVC", "C": 2, "kernel": "linear"},
    "perceptron": {"estimator": "sklearn.linear_model.SGDClassifier", "loss": "hinge"},
    "naive Bayes": {"estimator": [TFIDF, "sklearn.naive_bayes.MultinomialNB"]},
    "Gaussian naive Bayes": {"estimator": "sklearn.naive_bayes.GaussianNB"},
    "neighbours": {"estimator": "sklearn.neighbors.KNeighborsClassifier", "weights": "distance"},
    "neighbours by numbers": {
        "estimator": "sklearn.neighbors.KNeighborsClassifier",
        "categories": "drop",
        "text": "drop",
    },
    "discriminants": {"estimator": "sklearn.discriminant_analysis.LinearDiscriminantAnalysis"},
    "Gaussian process": {
        "estimator": {
            "class": "sklearn.gaussian_process.GaussianProcessClassifier",
            "kernel": {"class": "sklearn.gaussian_process.kernels.RBF", "length_scale": 3.0},
            "optimizer": None,
        }
    },
    "network": {"estimator": "sklearn.neural_network.MLPClassifier", "hidden_layer_sizes": [20], "max_iter": 60},
    "search": {
        "estimator": {
            "class": "sklearn.model_selection.GridSearchCV",
            "estimator": LOGISTIC,
            "param_grid": {"C": [0.1, 1.0]},
            "cv": 2,
        }
    },
    "one against the rest": {
        "estimator": {"class": "sklearn.multiclass.OneVsRestClassifier", "estimator": "sklearn.svm.LinearSVC"}
    },
}
REGRESSORS: Final[dict[str, dict[str, Any]]] = {
    "default": {},
    "ridge": {"estimator": "sklearn.linear_model.RidgeCV"},
    "lasso": {"estimator": "sklearn.linear_model.Lasso", "alpha": 0.05},
    "polynomials": {
        "estimator": ["sklearn.preprocessing.PolynomialFeatures", "sklearn.linear_model.Ridge"],
        "polynomialfeatures__degree": 2,
        "text": "drop",
    },
    "logarithms": {
        "estimator": {
            "class": "sklearn.compose.TransformedTargetRegressor",
            "regressor": "sklearn.linear_model.Ridge",
            "transformer": "sklearn.preprocessing.QuantileTransformer",
            "transformer__n_quantiles": 20,
        }
    },
    "quantile": {"estimator": "sklearn.linear_model.QuantileRegressor", "quantile": 0.9, "alpha": 0.01},
    "forest": {"estimator": "sklearn.ensemble.RandomForestRegressor", "n_estimators": 5},
    "histograms": {"estimator": "sklearn.ensemble.HistGradientBoostingRegressor", "max_iter": 10},
    "SVR": {"estimator": "sklearn.svm.SVR", "C": 5},
    "neighbours": {"estimator": "sklearn.neighbors.KNeighborsRegressor"},
    "Gaussian process": {"estimator": "sklearn.gaussian_process.GaussianProcessRegressor", "alpha": 0.1},
    "partial least squares": {"estimator": "sklearn.cross_decomposition.PLSRegression"},
    "robust": {"estimator": "sklearn.linear_model.HuberRegressor", "max_iter": 500},
    "network": {"estimator": "sklearn.neural_network.MLPRegressor", "hidden_layer_sizes": [5], "max_iter": 200},
}


@pytest.mark.parametrize("name", CLASSIFIERS)
def test_a_classifier_learns_and_is_stored(name: str) -> None:
    dataset, params = prepared(mixed()), CLASSIFIERS[name]
    found = _learned_and_stored(dataset, params)
    right = np.mean(np.array(found["prediction"].to_pylist()) == np.array(dataset.tested["y"].to_pylist()))
    assert right > LEAST
    chances = np.column_stack([found["probability_0"], found["probability_1"]])
    assert np.allclose(chances.sum(axis=1), 1)
    assert len(np.unique(chances[:, 1])) > 1


@pytest.mark.parametrize("name", REGRESSORS)
def test_a_regressor_learns_and_is_stored(name: str) -> None:
    dataset = prepared(mixed("regression"))
    found = _learned_and_stored(dataset, REGRESSORS[name])
    assert np.corrcoef(found["prediction"], dataset.tested["y"])[0, 1] > LEAST


def test_three_classes() -> None:
    dataset = prepared(mixed("multiclass"))
    found = _learned_and_stored(dataset, {"estimator": "sklearn.svm.LinearSVC"})
    assert set(found["prediction"].to_pylist()) == {"low", "middle", "top"}
    assert np.allclose(sum(found[f"probability_{index}"].to_numpy() for index in range(3)), 1)


@pytest.mark.parametrize(
    ("params", "words"),
    [
        ({"estimator": "sklearn.cluster.Birch"}, "is not among the classes that may be used"),
        ({"estimator": "sklearn.preprocessing.SplineTransformer"}, "cannot be stored; use KBinsDiscretizer"),
        ({"estimator": {"class": "sklearn.ensemble.VotingClassifier", "estimators": [["a", LOGISTIC]]}}, "is soft"),
        ({"estimator": "sklearn.linear_model.Ridge"}, "needs a classifier, such as sklearn.linear_model.Logistic"),
        ({"estimator": ["sklearn.preprocessing.StandardScaler", TFIDF, LOGISTIC]}, "takes texts: it can be the first"),
        ({"estimator": ["sklearn.preprocessing.StandardScaler"]}, "the last step must be a classifier or a regressor"),
        ({"estimator": "sklearn.neighbors.KNeighborsClassifier", "n_neighbors": 1000}, "scikit-learn cannot"),
    ],
)
def test_what_cannot_be_is_refused_in_a_sentence(params: dict[str, Any], words: str) -> None:
    dataset = prepared(mixed())
    with pytest.raises(InvalidParams, match=words) as raised:
        fitted(dataset, params)
    assert "\n" not in str(raised.value)
    assert (raised.value.pointer or "").startswith("/params")


def _learned_and_stored(dataset: Any, params: dict[str, Any]) -> Any:
    """The predictions of a model that was dumped and loaded; those of the one that was not are the same."""
    using = estimator()
    model = fitted(dataset, params, using)
    read = using.load(using.dump(model))
    rows = measuring(dataset)
    found = using.predict(read, rows)
    assert found.equals(using.predict(model, rows))
    json.dumps(using.params_used(model), allow_nan=False)
    return found
