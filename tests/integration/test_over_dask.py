"""A train over a Dask cluster: two workers that are processes of their own."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from tasks.cluster.asked import read_distributed
from tasks.config.settings import Settings
from tasks.contract import DEFAULT_ESTIMATOR, Media, Promote
from tasks.errors import Cancelled, ClusterFailed, InvalidField
from tasks.learning import fitting, ingest
from tasks.learning.recording import Step
from tasks.worker.runtime import Runtime, make_runtime
from tests.dask_cluster import DaskCluster, members
from tests.fits import undrawn
from tests.servers import Valkey, eventually, free_port

#: Measured without cross-validation, which is not distributed.
ONCE = {"split": {"by": "random", "folds": 0}}
#: Long enough to do something to.
LONG = {"num_iterations": 100_000, "early_stopping_rounds": 0}


@pytest.fixture
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("dask")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[DaskCluster]:
    with DaskCluster(tmp_path_factory.mktemp("dask")) as running:
        yield running


def versions(runtime: Runtime) -> int:
    """How many versions there are: trains make them current."""
    return runtime.registry.current("m") or 0


def runtime_of(valkey: Valkey, scheduler: str) -> Runtime:
    with valkey.client() as client:
        client.flushall()
    return make_runtime(Settings(redis_url=valkey.redis_url, dask_scheduler=scheduler, train_threads=1))


def init(runtime: Runtime, problem: str = "regression", estimator: str = DEFAULT_ESTIMATOR) -> None:
    rng = np.random.default_rng(1)
    x, city = rng.normal(size=4000).round(4), rng.integers(0, 12, size=4000)
    value = np.sin(3 * x) + city % 4 + rng.normal(size=4000) / 4
    target = {
        "regression": value.round(4).tolist(),
        "binary": np.where(value > 1.5, "yes", "no").tolist(),
        "multiclass": [f"k{one}" for one in np.digitize(value, [0.5, 2]).tolist()],
    }[problem]
    rows = [{"x": a, "city": f"c{b}", "y": c} for a, b, c in zip(x.tolist(), city.tolist(), target, strict=True)]
    table = ingest.from_body(msgspec.json.encode({"rows": rows}), Media.JSON)
    asked = ingest.Request(model="m", target="y", estimator=estimator, options=ONCE, replace=True)
    ingest.initialise(runtime, asked, table)


def train(
    runtime: Runtime,
    distributed: Any = True,
    params: dict[str, Any] | None = None,
    report: Callable[[Step], Any] = lambda _: None,
) -> dict[str, Any]:
    request = fitting.Request(
        model="m", params=params or {}, promote=Promote.ALWAYS, distributed=read_distributed(distributed)
    )
    return fitting.fit(runtime, request, report=report, later=undrawn)


@pytest.mark.long
@pytest.mark.parametrize(
    ("problem", "params", "metric", "apart"),
    [
        ("regression", {}, "rmse", 0.005),
        ("regression", {"objective": "mae"}, "mae", 0.02),
        ("regression", {"objective": "quantile", "alpha": [0.1, 0.9]}, "pinball", 0.02),
        ("binary", {"bagging_fraction": 0.7, "bagging_freq": 1}, "auc", 0.02),
        ("multiclass", {}, "log_loss", 0.03),
    ],
)
def test_a_cluster_fits_what_one_process_does(
    cluster: DaskCluster, valkey_server: Valkey, problem: str, params: dict[str, Any], metric: str, apart: float
) -> None:
    runtime, told = runtime_of(valkey_server, cluster.scheduler), list[Step]()
    init(runtime, problem)
    one, two = train(runtime, False, params), train(runtime, {"workers": 2}, params, told.append)
    assert two["metrics"][metric] == pytest.approx(one["metrics"][metric], abs=apart, rel=apart)
    assert two["distributed"] == {"workers": 2}
    assert "distributed" not in one
    lineage = runtime.registry.version("m", two["version"]).lineage
    assert lineage is not None
    assert lineage.workers == 2
    averaged = params.get("objective") in ("mae", "quantile")
    assert ("distributed_differs" in [found["code"] for found in two["findings"]]) == averaged
    assert told[-1].last
    assert "holdout" in told[-1].metrics


@pytest.mark.long
def test_a_fit_that_is_cancelled_leaves_no_member(valkey_server: Valkey, folder: Path) -> None:
    def cancel(step: Step) -> None:
        if step.iteration > 2:
            assert len(members(folder)) == 2
            raise Cancelled("the work was cancelled")

    with DaskCluster(folder) as cluster:
        runtime = runtime_of(valkey_server, cluster.scheduler)
        init(runtime)
        with pytest.raises(Cancelled):
            train(runtime, True, LONG, cancel)
        eventually(lambda: not members(folder), seconds=10, what="the end of the members")
        # The workers are free again.
        assert train(runtime, True, {"num_iterations": 3})["distributed"] == {"workers": 2}
    assert versions(runtime) == 1


@pytest.mark.long
@pytest.mark.parametrize("what", ["worker", "member"])
def test_a_fit_that_loses_somebody_fails_whole(valkey_server: Valkey, folder: Path, what: str) -> None:
    killed: list[float] = []

    def kill(step: Step) -> None:
        if step.iteration > 2 and not killed:
            killed.append(time.monotonic())
            os.kill(running.workers[1].popen.pid if what == "worker" else members(folder)[0], signal.SIGKILL)

    with DaskCluster(folder) as running:
        runtime = runtime_of(valkey_server, running.scheduler)
        init(runtime)
        with pytest.raises(ClusterFailed, match=r"lost during the fit|lost each other|ended on its Dask worker"):
            train(runtime, True, LONG, kill)
        assert time.monotonic() - killed[0] < 20
        eventually(lambda: not members(folder), seconds=10, what="the end of the members")
        assert not versions(runtime)
        if what == "worker":
            with pytest.raises(ClusterFailed, match="the Dask cluster has 1 worker"):
                train(runtime)


@pytest.mark.long
def test_a_cluster_of_three_gives_two(valkey_server: Valkey, folder: Path) -> None:
    with DaskCluster(folder, workers=3) as cluster:
        runtime = runtime_of(valkey_server, cluster.scheduler)
        init(runtime)
        assert train(runtime, {"workers": 2})["distributed"] == {"workers": 2}
        assert train(runtime)["distributed"] == {"workers": 3}
        with pytest.raises(InvalidField, match="workers must be 3 at most") as refused:
            train(runtime, {"workers": 4})
        assert refused.value.pointer == "/distributed/workers"


def test_a_scheduler_that_is_away_is_told_of_soon(valkey_server: Valkey) -> None:
    runtime = runtime_of(valkey_server, f"tcp://127.0.0.1:{free_port()}")
    init(runtime)
    begun = time.monotonic()
    with pytest.raises(ClusterFailed, match="does not answer within 5 s") as failed:
        train(runtime)
    assert time.monotonic() - begun < 10
    # It is told to callers, who need not know where it is.
    assert "127.0.0.1" not in str(failed.value)
    assert not versions(runtime)


def test_other_estimators_are_refused_before_anybody_is_asked(valkey_server: Valkey) -> None:
    runtime = runtime_of(valkey_server, "tcp://127.0.0.1:1")
    init(runtime, estimator="sklearn")
    with pytest.raises(InvalidField, match="one process"):
        train(runtime)
