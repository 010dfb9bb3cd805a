"""One fit by two processes, on LightGBM's own sockets."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pytest

from tasks.cluster.child import FORSAKEN
from tasks.cluster.member import CHILD
from tasks.errors import InvalidField, InvalidParams
from tasks.estimators.base import Dataset
from tasks.estimators.gang import Gang
from tasks.estimators.lightgbm import LightGBM
from tasks.estimators.lightgbm_library import load_lightgbm
from tasks.estimators.lightgbm_member import without_places
from tasks.estimators.lightgbm_over import ROWS, Job
from tasks.estimators.scikit_learn.estimator import ScikitLearn
from tests.unit.tasks.cluster.local_gang import LocalGang

COUNT = 3000


def dataset(problem: str = "binary") -> Dataset:
    """Numbers with holes, and a category of which some values are rare; classes with weights.

    Where hessians differ, as of classes or with weights, LightGBM judges by estimates how many rows a leaf has, if
    there are several members: their models are others, as good ones.
    """
    rng = np.random.default_rng(0)
    x, city = rng.normal(size=COUNT), rng.geometric(0.15, size=COUNT)
    value = np.sin(3 * x) + city % 4 + rng.normal(size=COUNT) / 4
    target = {"binary": np.where(value > 1, "yes", "no"), "regression": value}[problem]
    table = pa.table(
        {
            "x": pa.array(x, mask=x > 1.5),
            "city": [f"c{one}" for one in city],
            **({"w": rng.integers(1, 4, size=COUNT)} if problem == "binary" else {}),
            "y": target,
        }
    )
    weights = {"columns": {"w": "weight"}} if problem == "binary" else {}
    return LightGBM().prepare(table, {"target": "y", "problem": problem, **weights})


def test_two_processes_fit_what_one_does(tmp_path: Path) -> None:
    ready = dataset("regression")
    params = {"num_iterations": 60, "early_stopping_rounds": 5, "metric": ["rmse", "r2"], "learning_rate": 0.3}
    alone, heard = LightGBM(), list[Any]()
    one = alone.fit(ready, params, lambda *_: None)
    two = alone.over(LocalGang(tmp_path)).fit(ready, params, lambda *said: heard.append(said))
    assert two.booster.num_trees() == one.booster.num_trees() < 60
    ours, theirs = (alone.predict(model, ready.tested)["prediction"].to_numpy() for model in (one, two))
    np.testing.assert_allclose(theirs, ours, atol=1e-9)
    # As many as there were, each with what it came to on the holdout, of which one metric is ours.
    assert [iteration for iteration, _, _ in heard] == list(range(1, len(heard) + 1))
    assert all({"rmse", "r2"} == set(metrics["holdout"]) for _, _, metrics in heard)
    # Nothing says where it was fitted.
    text = two.booster.model_to_string()
    assert "127.0.0.1" not in text
    assert without_places(text) == text
    assert alone.load(alone.dump(two)).booster.num_trees() == two.booster.num_trees()


def test_a_member_ends_when_nobody_is_there_any_more(tmp_path: Path) -> None:
    (tmp_path / "job.json").write_bytes(msgspec.json.encode(Job(rank=1, params={}, total=1)))
    data = load_lightgbm().Dataset(np.arange(100.0)[:, None], label=np.arange(100.0))
    data.construct().save_binary(str(tmp_path / ROWS))
    child = subprocess.Popen(
        [sys.executable, "-m", CHILD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    assert child.stdout is not None
    assert child.stdout.readline().startswith(b'{"port":')
    # It waits for the others now. Its files are gone, so that none is left if its worker is killed.
    assert not list(tmp_path.iterdir())
    child.communicate(timeout=30)
    assert child.returncode == FORSAKEN


@pytest.mark.parametrize(
    "params",
    [{"linear_tree": True}, {"monotone_constraints_method": "advanced"}, {"cegb_penalty_feature_lazy": [1.0, 1.0]}],
)
def test_what_one_process_alone_can_do_is_refused(params: dict[str, Any], tmp_path: Path) -> None:
    with pytest.raises(InvalidParams, match="distributed") as refused:
        LightGBM().over(LocalGang(tmp_path)).fit(dataset("regression"), params, lambda *_: None)
    assert refused.value.pointer == f"/params/{next(iter(params))}"


def test_medians_of_members_are_remarked_on(tmp_path: Path) -> None:
    class Told(LocalGang):
        def run(self, jobs: Any, tell: Any) -> bytes:
            assert msgspec.json.decode(jobs[0]["job.json"])["params"]["objective"] == "mape"
            raise InterruptedError

    gang = Told(tmp_path)
    with pytest.raises(InterruptedError):
        LightGBM().over(gang).fit(dataset("regression"), {"objective": "mape"}, lambda *_: None)
    assert len(gang.remarks) == 1
    assert "'mape'" in gang.remarks[0]


def test_others_fit_in_one_process(tmp_path: Path) -> None:
    gang: Gang = LocalGang(tmp_path)
    with pytest.raises(InvalidField, match="one process") as refused:
        ScikitLearn().over(gang)
    assert refused.value.pointer == "/distributed"
