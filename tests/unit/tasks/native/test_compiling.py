"""Models of every kind as machine code, beside LightGBM."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.native.compiling import TOLERANCE, compiled
from tasks.native.folder import Folder
from tasks.native.loading import loaded
from tasks.native.model_text import trying_rows

ROWS = 500
USUAL = {"num_leaves": 8, "min_data_in_leaf": 5, "min_data_per_group": 5, "verbosity": -1, "num_threads": 1, "seed": 1}
#: Params, and the column of targets.
KINDS: dict[str, dict[str, Any]] = {
    "regression": {},
    "no_missing": {"use_missing": False},
    "dart": {"boosting": "dart"},
    "rf": {"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
    "quantile": {"objective": "quantile", "alpha": 0.9},
    "l1": {"objective": "regression_l1"},
    "sqrt": {"reg_sqrt": True},
    "poisson": {"objective": "poisson"},
    "tweedie": {"objective": "tweedie"},
    "ranking": {"objective": "lambdarank"},
    "binary": {"objective": "binary", "sigmoid": 1.7},
    "xentropy": {"objective": "cross_entropy"},
    "multiclass": {"objective": "multiclass", "num_class": 3},
    "constant": {"min_data_in_leaf": ROWS},
    "deep": {"num_leaves": 127, "min_data_in_leaf": 1},
}
#: Those that lleaves cannot have, or has wrong without a word.
REFUSED: dict[str, dict[str, Any]] = {
    "linear trees": {"linear_tree": True},
    "0 counts as missing": {"zero_as_missing": True},
    "lleaves cannot compile it": {"objective": "multiclassova", "num_class": 3},
    "predicts otherwise than LightGBM": {
        **{"boosting": "rf", "bagging_fraction": 0.5, "bagging_freq": 1},
        **{"objective": "multiclass", "num_class": 3},
    },
}


def booster(params: dict[str, Any], *, rounds: int = 4) -> Any:
    """A model of numbers with holes, zeros, and a category of 40 levels."""
    lgb, rng = load_lightgbm(), np.random.default_rng(3)
    rows = np.column_stack([rng.normal(size=(ROWS, 3)).round(1), rng.integers(0, 40, ROWS)])
    rows[rng.uniform(size=rows.shape) < 0.1] = np.nan
    score = np.nan_to_num(np.abs(rows[:, 0]) + rows[:, 1] ** 2) + np.nan_to_num(rows[:, 3]) % 7
    objective = params.get("objective", "")
    target = score
    if "multiclass" in objective or objective in ("lambdarank", "binary", "cross_entropy"):
        target = np.digitize(score, [3, 6] if objective not in ("binary", "cross_entropy") else [4])
    data = lgb.Dataset(rows, target, categorical_feature=[3], group=[50] * 10 if objective == "lambdarank" else None)
    return lgb.train({**USUAL, **params}, data, num_boost_round=rounds)


def text_of(model: Any, folder: Path) -> Path:
    """The file of the model's text."""
    file = folder / "model.txt"
    file.write_text(model if isinstance(model, str) else model.model_to_string())
    return file


@pytest.mark.parametrize("kind", KINDS)
def test_predictions_are_those_of_lightgbm(kind: str, tmp_path: Path) -> None:
    model, folder = booster(KINDS[kind]), Folder(tmp_path)
    tmp_path.chmod(0o700)
    known = compiled(folder, "it", text_of(model, tmp_path))
    assert not known.refused
    assert known.difference <= TOLERANCE
    rng = np.random.default_rng(11)
    rows = np.column_stack([rng.normal(size=(2000, 3)), rng.integers(0, 44, 2000)])
    rows[rng.uniform(size=rows.shape) < 0.2] = np.nan
    rows[rng.uniform(size=rows.shape) < 0.1] = 0
    function = loaded(folder.code("it", known), width=known.width, outputs=known.outputs)
    expected = load_lightgbm().Booster(model_str=model.model_to_string()).predict(rows, num_threads=1)
    assert function(rows).shape == expected.shape
    np.testing.assert_allclose(function(rows), expected, rtol=TOLERANCE, atol=TOLERANCE)
    assert function(rows[:1]).tolist() == function(rows)[:1].tolist()


def test_fewer_iterations_than_were_fitted_are_those_that_the_text_has(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    model, folder = booster({}, rounds=9), Folder(tmp_path)
    known = compiled(folder, "it", text_of(model.model_to_string(num_iteration=4), tmp_path))
    rows = np.random.default_rng(5).normal(size=(100, 4))
    function = loaded(folder.code("it", known), width=known.width, outputs=known.outputs)
    np.testing.assert_allclose(function(rows), model.predict(rows, num_iteration=4), rtol=TOLERANCE)
    assert not np.allclose(function(rows), model.predict(rows))


@pytest.mark.parametrize("reason", REFUSED)
def test_what_lleaves_has_otherwise_is_refused(reason: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    known = compiled(Folder(tmp_path), "it", text_of(booster(REFUSED[reason]), tmp_path))
    assert reason in known.refused
    assert [file.name for file in tmp_path.iterdir()] == ["model.txt"]


def test_rows_that_are_tried_reach_the_leaves_and_have_every_kind_of_value() -> None:
    model = booster({}, rounds=3)
    rows = trying_rows(model.model_to_string(), 8192, 4)
    leaves = model.predict(rows, pred_leaf=True).astype(int)
    assert [len(np.unique(leaves[:, tree])) for tree in range(3)] == [8, 8, 8]
    assert np.isnan(rows).any(axis=0).all()
    assert "num_cat=0" not in model.model_to_string()
    assert np.nanmax(rows[:, 3]) >= 39
    first = model.dump_model()["tree_info"][0]["tree_structure"]
    assert first["decision_type"] == "==" or (rows[:, first["split_feature"]] == first["threshold"]).any()
