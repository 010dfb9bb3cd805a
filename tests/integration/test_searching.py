"""A train that searches: what it stores, what it leaves behind, and what another worker goes on with."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
import numpy as np
import pytest

from tasks.config.settings import Settings
from tasks.contract import Media, Promote
from tasks.errors import Cancelled, FenceLost, InvalidField, InvalidParams
from tasks.learning import fitting, ingest
from tasks.learning.recording import Step
from tasks.redis_keys import TRIALS_KEY
from tasks.registry.searched import Trial
from tasks.search.asked import Search, read_search
from tasks.search.library import load_optuna
from tasks.storage.connection import connect
from tasks.worker.runtime import Runtime, make_runtime
from tests.fits import undrawn
from tests.servers import Valkey

TASK: Final = "f" * 32 + "-0"
#: Few iterations, so that a trial takes little.
PARAMS: Final = {"num_iterations": 20}
SPACE: Final = {"learning_rate": {"low": 0.01, "high": 0.5, "log": True}, "num_leaves": [2, 4, 8]}


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Valkey() as valkey:
        made = make_runtime(Settings(redis_url=valkey.redis_url))
        rng = np.random.default_rng(0)
        rows = [{"a": a, "b": b, "y": a * b} for a, b in rng.normal(size=(120, 2)).round(3).tolist()]
        table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
        ingest.initialise(made, ingest.Request(model="m", target="y", estimator="lightgbm", options={}), table)
        yield made


def train(
    runtime: Runtime,
    search: dict[str, Any],
    report: Callable[[Step], Any] = lambda _: None,
    *,
    drawn: bool = False,
    **given: Any,
) -> dict[str, Any]:
    request = fitting.Request(
        model="m",
        params=given.get("params", PARAMS),
        promote=Promote.ALWAYS,
        search=read_search(search),
        trials_of=TASK,
    )
    later = fitting.at_once if drawn else undrawn
    return fitting.fit(runtime, request, report=report, later=later)


def kept(runtime: Runtime) -> list[Trial]:
    return runtime.registry.trials.all(TASK)


def test_what_was_best_is_fitted_and_said(runtime: Runtime) -> None:
    told: list[Step] = []
    result = train(runtime, {"trials": 6, "space": SPACE}, told.append, drawn=True)
    found = result["search"]
    assert sum(found["trials"].values()) == 7
    assert (found["ended"], found["judged_by"], found["metric"]) == ("trials", "cross_validation", "rmse")
    assert found["value"] < found["default"]
    assert result["params_used"] == {**result["params_used"], **PARAMS, **found["params"]}
    # On rows that no trial was judged by.
    assert result["measured"]["by"] == "test"
    version = runtime.registry.version("m", result["version"])
    assert version.params == PARAMS
    assert version.search is not None
    assert msgspec.to_builtins(version.search) == found
    assert version.search.best[0].number == 0
    assert kept(runtime) == []
    searched = [step for step in told if not step.metrics]
    assert [step.iteration for step in searched][-1] == 7
    # While the first trial goes on, which takes a while on a busy machine, nobody knows how it is judged.
    told_of = [step.search for step in searched if step.search and step.search["trials"]]
    assert [known["metric"] for known in told_of] == ["rmse"] * len(told_of)
    assert len(told_of) >= 7
    assert told[-1].search == {
        "trials": 7, "metric": "rmse", "best": found["value"], "default": found["default"], "params": found["params"],
    }  # fmt: skip
    report = runtime.registry.reports.get("m", result["version"])
    assert report is not None
    page = runtime.blobs.get(report.digest).decode()
    assert "<h2>Search</h2>" in page
    assert "7 trials" in page


def test_another_worker_goes_on(runtime: Runtime) -> None:
    def die(step: Step) -> None:
        if step.iteration == 4:
            raise FenceLost("another worker has it")

    with pytest.raises(FenceLost):
        train(runtime, {"trials": 6, "space": SPACE}, die)
    before = kept(runtime)
    assert [trial.number for trial in before] == [0, 1, 2, 3]
    told: list[Step] = []
    result = train(runtime, {"trials": 6, "space": SPACE}, told.append)
    assert sum(result["search"]["trials"].values()) == 7
    assert min(step.iteration for step in told if not step.metrics) >= 4
    shown = {trial["number"]: trial["params"] for trial in result["search"]["best"]}
    assert all(shown[trial.number] == trial.params for trial in before if trial.number in shown)
    assert len({msgspec.json.encode(params) for params in shown.values()}) == len(shown)
    assert kept(runtime) == []


def test_a_cancel_leaves_nothing_but_what_it_has_told(runtime: Runtime) -> None:
    versions = len(runtime.registry.model("m").versions)
    told: list[Step] = []

    def cancel(step: Step) -> None:
        told.append(step)
        if step.iteration == 3:
            raise Cancelled("no longer wanted")

    with pytest.raises(Cancelled):
        train(runtime, {"trials": 6, "space": SPACE}, cancel)
    assert kept(runtime) == []
    assert len(runtime.registry.model("m").versions) == versions
    assert told[-1].search is not None
    assert told[-1].search["best"] <= told[-1].search["default"]


def test_a_space_that_cannot_be_searched_is_refused_before_anything_is_fitted(runtime: Runtime) -> None:
    told: list[Step] = []
    with pytest.raises(InvalidParams, match=r"num_leafs.*did you mean"):
        train(runtime, {"trials": 3, "space": {"num_leafs": [3, 4]}}, told.append)
    with pytest.raises(InvalidField, match="at most, not 5000: a train may take 3600 s"):
        train(runtime, {"seconds": 5000}, told.append)
    assert told == []


def test_without_optuna_it_says_what_to_install(runtime: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    load_optuna.cache_clear()
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(InvalidField, match=r"pip install 'mlservice\[search\]'"):
        train(runtime, {"trials": 1})
    load_optuna.cache_clear()


def test_trials_are_kept_for_a_while_only(runtime: Runtime) -> None:
    runtime.registry.trials.add(TASK, Trial(number=0, params={}, state="complete", seconds=1))
    client = connect(runtime.settings)
    assert 0 < int(client.ttl(TRIALS_KEY.format(task=TASK))) <= 7 * 24 * 3600
    runtime.registry.trials.drop(TASK)


def test_a_search_is_what_a_request_says() -> None:
    assert read_search({"seconds": 5}) == Search(seconds=5)


def bounded(runtime: Runtime, seconds: float, **given: Any) -> dict[str, Any]:
    request = fitting.Request(
        model="m", params={}, promote=Promote.ALWAYS, trials_of=TASK, predict_seconds=seconds, **given
    )
    return fitting.fit(runtime, request, report=lambda _: None, later=undrawn)


def test_a_model_that_is_quick_enough_stays_as_it_is(runtime: Runtime) -> None:
    found = bounded(runtime, 1.0)["latency"]
    assert (found["most"], found["bounded"]) == (1.0, {})
    assert 0 < found["measured"] == found["at_first"] < 1


def test_no_model_is_as_quick_as_this(runtime: Runtime) -> None:
    with pytest.raises(InvalidField, match="cannot be kept on this machine: even the smallest model takes") as caught:
        bounded(runtime, 1e-9)
    assert caught.value.pointer == "/predict_seconds"
    for wrong in (0.0, -1.0, float("inf")):
        with pytest.raises(InvalidField, match="must be a number above 0"):
            bounded(runtime, wrong)


def test_params_of_a_step_of_scikit_learn_are_looked_for(runtime: Runtime) -> None:
    rows = [{"a": float(row % 11), "b": float(row % 7), "y": 3.0 * (row % 11) - (row % 7)} for row in range(60)]
    table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
    ingest.initialise(runtime, ingest.Request(model="steps", target="y", estimator="sklearn", options={}), table)
    request = fitting.Request(
        model="steps",
        params={"estimator": "sklearn.linear_model.Ridge"},
        promote=Promote.ALWAYS,
        search=read_search({"trials": 4, "seconds": 60}),
        trials_of="e" * 32 + "-0",
    )
    trained = fitting.fit(runtime, request, report=lambda _: None, later=undrawn)
    # The first trial begins with a penalty of 1, and less is better where nothing is noise.
    assert trained["params_used"]["ridge__alpha"] < 1
    assert trained["metrics"]["r2"] > 0.99


def test_a_search_among_models_that_are_quick_enough(runtime: Runtime) -> None:
    search = read_search({"trials": 3, "space": {"max_depth": [3, 4, 5]}})
    found = bounded(runtime, 1.0, search=search)
    assert found["latency"]["measured"] < 1
    assert sum(found["search"]["trials"].values()) == 4
    assert found["latency"]["bounded"] == {}


def test_a_quantile_is_judged_by_its_own_loss(runtime: Runtime) -> None:
    search = {"trials": 2, "space": {"num_leaves": [3, 5]}}
    found = train(runtime, search, params={**PARAMS, "objective": "quantile", "alpha": 0.8})["search"]
    assert found["metric"] == "pinball"
