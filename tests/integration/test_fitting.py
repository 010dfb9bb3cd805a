"""What a train stores can be read again, whatever numbers the estimator gives."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import pyarrow as pa
import pytest

from tasks.config.settings import Settings
from tasks.contract import Media, Promote
from tasks.errors import EstimatorFailed
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.learning import fitting, ingest
from tasks.redis_keys import CURVES_KEY
from tasks.registry.curve import Curve, Line
from tasks.storage.connection import connect
from tasks.worker.runtime import Runtime, make_runtime
from tests.fits import undrawn
from tests.servers import Valkey

MODEL = "odd"


class Odd(Estimator[float]):
    """Predicts `answer` for every row; its losses and importance are no numbers at first."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> float:
        for iteration in (1, 2):
            progress(iteration, 2, {"train": {"loss": math.nan if iteration == 1 else 1.0, "error": 0.5}})
        return float(params["answer"])

    def predict(self, model: float, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": [model] * table.num_rows})

    def dump(self, model: float) -> bytes:
        return str(model).encode()

    def load(self, data: bytes) -> float:
        return float(data)

    def importance(self, model: float) -> dict[str, float]:
        return {"a": math.inf, "b": 1.0}


@pytest.fixture(scope="module")
def runtime() -> Iterator[Runtime]:
    with Valkey() as valkey:
        made = make_runtime(Settings(redis_url=valkey.redis_url, estimators=f"odd={__name__}:Odd"))
        rows = {"rows": [{"a": number, "b": -number, "y": number} for number in range(50)]}
        table = ingest.from_body(msgspec.json.encode(rows), Media.JSON)
        ingest.initialise(made, ingest.Request(model=MODEL, target="y", estimator="odd", options={}), table)
        yield made


def train(runtime: Runtime, answer: str) -> list[dict[str, Any]]:
    """The metrics that were told of each iteration."""
    told: list[Any] = []
    request = fitting.Request(model=MODEL, params={"answer": answer}, promote=Promote.ALWAYS)
    fitting.fit(runtime, request, report=lambda step: told.append(step.metrics), later=undrawn)
    return told


def test_numbers_that_json_has_not_are_left_out(runtime: Runtime) -> None:
    told = train(runtime, "3")
    assert told == [{"train": {"error": 0.5}}, {"train": {"loss": 1.0, "error": 0.5}}]
    version = runtime.registry.version(MODEL, 1)
    assert version.curve == Curve({"train": Line([1, 2], {"error": [0.5, 0.5]})})
    assert version.importance == {"b": 1.0}


def test_a_curve_is_kept_apart_and_goes_with_its_version(runtime: Runtime) -> None:
    train(runtime, "3")
    train(runtime, "4")
    last = runtime.registry.current(MODEL)
    assert last is not None
    listed = runtime.registry.model(MODEL).versions
    assert listed[last].curve == listed[last - 1].curve == Curve()
    assert runtime.registry.version(MODEL, last).curve.lines["train"].iterations == [1, 2]
    assert runtime.registry.remove_version(MODEL, last - 1, before=math.inf)
    with connect(runtime.settings) as client:
        curves: Any = client.hkeys(CURVES_KEY.format(model=MODEL))
    assert str(last - 1).encode() not in curves
    assert str(last).encode() in curves


@pytest.mark.filterwarnings("ignore:invalid value:RuntimeWarning")
@pytest.mark.parametrize("answer", ["nan", "inf"])
def test_a_model_that_predicts_no_numbers_is_refused(runtime: Runtime, answer: str) -> None:
    before = list(runtime.registry.model(MODEL).versions)
    with pytest.raises(EstimatorFailed, match=f"predict returned {answer}.*no number"):
        train(runtime, answer)
    assert list(runtime.registry.model(MODEL).versions) == before
