"""The contract of an estimator: its docstring's example as it stands there, and what breaks the contract is told."""

from __future__ import annotations

import ast
import inspect
import pickle
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from tasks.errors import EstimatorFailed, InvalidField, InvalidParams, SettingsError
from tasks.estimators import asking
from tasks.estimators.base import Dataset, Estimator, Progress
from tasks.estimators.catalogue import Catalogue
from tasks.tables.columns import Schema

TABLE = pa.table({"x": [float(i) for i in range(40)], "y": [2.0] * 20 + [4.0] * 20})
WANTED = {"target": "y", "problem": "regression"}


def found(cls: str) -> Estimator[Any]:
    """The estimator as a worker has it."""
    return Catalogue({"own": f"{__name__}:{cls}"}, threads=1).get("own")


class Own(Estimator[float]):
    """Predicts one number."""

    class Params(msgspec.Struct):
        """How it is fitted.

        rounds: how often it looks
          at the rows.
        """

        rounds: Annotated[int, msgspec.Meta(ge=1, le=9)] = 3
        rate: float = 0.5
        kind: Literal["plain", "fancy"] = "plain"
        gentle: bool = False

    @dataclass
    class Options:
        horizon: int
        unit: str = "day"

    def fit(self, dataset: Dataset, params: Params, progress: Progress) -> float:
        progress(1, params.rounds)
        found: float = params.rate * dataset.options.horizon
        return found

    def predict(self, model: float, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": np.full(table.num_rows, model)})

    def dump(self, model: float) -> bytes:
        return msgspec.json.encode(model)

    def load(self, data: bytes) -> float:
        return float(data)


class Odd(Estimator[Any]):
    """Breaks its word as its first param says."""

    def fit(self, dataset: Dataset, params: Any, progress: Progress) -> Any:
        return params["answer"]

    def predict(self, model: Any, table: pa.Table) -> Any:
        return {
            "list": [1.0] * table.num_rows,
            "rows": pa.table({"prediction": [1.0]}),
            "name": pa.table({"value": np.ones(table.num_rows)}),
            "nan": pa.table({"prediction": np.full(table.num_rows, np.nan)}),
            "text": pa.table({"prediction": ["1"] * table.num_rows}),
            "whole": pa.table({"prediction": np.ones(table.num_rows, np.int32)}),
        }[model]

    def dump(self, model: Any) -> Any:
        return {"pickle": pickle.dumps(1), "str": "text", "lost": b"lost"}.get(model, model.encode())

    def load(self, data: bytes) -> Any:
        if data == b"lost":
            raise ValueError("what is this?")
        return data.decode()


class Batches(Own):
    """Says how many rows it was asked for."""

    batch_rows = 3

    def predict(self, model: float, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": np.full(table.num_rows, float(table.num_rows))})


class Wide(Odd):
    Params = int


class Taking(Odd):
    class Options(msgspec.Struct):
        holdout: float = 0.1


class Lacking(Estimator[float]):
    """Has no methods."""


def test_the_example_of_the_docstring_works(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    told = inspect.getdoc(Estimator) or ""
    lines = told.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("    from typing"))
    stop = next(i for i, line in enumerate(lines) if line.startswith("`threads`"))
    source = textwrap.dedent("\n".join(lines[start:stop]))
    ast.parse(source)
    (tmp_path / "mean_of_the_docstring.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    mean = Catalogue({"mean": "mean_of_the_docstring:Mean"}, threads=1).get("mean")
    dataset = mean.prepare(TABLE, WANTED)
    steps: list[tuple[int, int]] = []
    model = mean.fit(dataset, {"times": 2}, lambda number, most, _metrics: steps.append((number, most)))
    again = mean.load(mean.dump(model))
    answers = asking.predictions(mean, again, TABLE.select(["x"]), dataset.schema).column("prediction")
    assert answers.to_pylist() == [pytest.approx(6.0, abs=0.5)] * 40
    assert steps == [(1, 1)]
    with pytest.raises(InvalidParams, match="times is wrong: Expected float > 0"):
        mean.check({"times": -1})
    schema = mean.params_schema()
    assert schema is not None
    assert schema["properties"]["times"]["description"] == "by what the mean is multiplied."


@pytest.mark.parametrize(
    ("params", "said", "pointer"),
    [
        (
            {"round": 3},
            r"'round' \(did you mean 'rounds' by 'round'\?\); known are 'rounds', 'rate'",
            "round",
        ),
        ({"rounds": 10}, "rounds is wrong: Expected int <= 9", "rounds"),
        ({"rounds": True, "rate": "fast"}, "rounds is wrong: Expected int, got bool; rate is wrong", "rounds"),
        ({"kind": "odd"}, "kind is wrong: Invalid enum value 'odd'", "kind"),
    ],
)
def test_wrong_params_are_refused_by_name(params: dict[str, Any], said: str, pointer: str) -> None:
    with pytest.raises(InvalidParams, match=said) as error:
        found("Own").check(params)
    assert error.value.pointer == f"/params/{pointer}"


def test_options_of_its_own_reach_the_fit() -> None:
    own = found("Own")
    dataset = own.prepare(TABLE, {**WANTED, "horizon": 4, "holdout": 0.5})
    assert dataset.options == {"horizon": 4, "unit": "day"}
    assert own.fit(dataset, {}, lambda *_: None).inner == 2.0
    with pytest.raises(InvalidField, match="horizon is missing"):
        own.prepare(TABLE, WANTED)
    with pytest.raises(InvalidField, match="did you mean 'horizon' by 'horizont'"):
        own.prepare(TABLE, {"target": "y", "horizont": 4})


def test_params_are_described_for_forms() -> None:
    schema = found("Own").params_schema()
    assert schema is not None
    assert schema["additionalProperties"] is False
    assert schema["properties"]["rounds"] == {
        "type": "integer", "minimum": 1, "maximum": 9, "default": 3, "description": "how often it looks at the rows.",
    }  # fmt: skip
    assert schema["properties"]["kind"] == {"enum": ["fancy", "plain"], "default": "plain"}


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("list", "list where a pyarrow.Table"),
        ("rows", "1 rows for 40"),
        ("name", "no column 'prediction'"),
        ("nan", "nan in column 'prediction' of row 0"),
        ("text", "column 'prediction' of type string where numbers belong"),
    ],
)
def test_answers_that_break_the_contract_are_told(answer: str, said: str) -> None:
    odd = found("Odd")
    schema = odd.prepare(TABLE, WANTED).schema
    model = odd.load(answer.encode())
    with pytest.raises(EstimatorFailed, match=f"does not keep its contract: predict returned {said}"):
        asking.predictions(odd, model, TABLE.select(["x"]), schema)
    whole = asking.predictions(odd, odd.load(b"whole"), TABLE.select(["x"]), schema)
    assert whole.schema.field("prediction").type == pa.float64()


def test_classes_that_there_are_not_and_chances_that_are_none_are_told() -> None:
    class Guess(Own):
        def predict(self, model: Any, table: pa.Table) -> pa.Table:
            return pa.table({"prediction": ["a", "c"], "probability_0": [0.5, 0.5], "probability_1": [0.5, model]})

    schema = Schema([], "y", "binary", classes=["a", "b"], class_type="string")
    with pytest.raises(EstimatorFailed, match="'c' for row 1, which is none of the classes"):
        asking.predictions(Guess(), 0.5, pa.table({"x": [1, 2]}), schema)
    wider = msgspec.structs.replace(schema, classes=["a", "c"])
    with pytest.raises(EstimatorFailed, match="2 as probability_1 of row 1, which is no chance"):
        asking.predictions(Guess(), 2.0, pa.table({"x": [1, 2]}), wider)


@pytest.mark.parametrize(
    ("answer", "said"),
    [("pickle", "a pickle"), ("str", "str in place of bytes"), ("lost", "ValueError: what is this?")],
)
def test_bytes_that_cannot_be_kept_are_refused(answer: str, said: str) -> None:
    odd = found("Odd")
    dataset = odd.prepare(TABLE, WANTED)
    with pytest.raises(EstimatorFailed, match=said):
        odd.dump(odd.fit(dataset, {"answer": answer}, lambda *_: None))


def test_rows_come_in_batches_where_it_asks_for_them() -> None:
    batches = found("Batches")
    schema = batches.prepare(TABLE, {**WANTED, "horizon": 1}).schema
    answers = asking.predictions(batches, batches.load(b"1.0"), TABLE.select(["x"]), schema).column("prediction")
    assert answers.to_pylist() == [3.0] * 39 + [1.0]


@pytest.mark.parametrize(
    ("cls", "said"),
    [
        ("Lacking", "TypeError: Can't instantiate abstract class Lacking"),
        ("Wide", "its Params must be a msgspec.Struct or a dataclass"),
        ("Taking", "its Options names what the service reads itself: holdout"),
        ("TABLE", "is no class derived from"),
    ],
)
def test_a_class_that_cannot_be_used_is_told_in_a_line(cls: str, said: str) -> None:
    with pytest.raises(SettingsError, match=said) as error:
        found(cls)
    assert "\n" not in str(error.value)


def test_of_a_class_of_scikit_learn_it_is_told_where_it_belongs() -> None:
    said = r"no class derived from tasks\.estimators\.base\.Estimator; .* the params of the estimator 'sklearn'"
    with pytest.raises(SettingsError, match=said):
        Catalogue({"own": "sklearn.base:BaseEstimator"}, threads=1).get("own")


def test_a_module_that_cannot_be_read_is_told_in_a_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "broken_module_of_a_user.py").write_text("1 / 0\n")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(SettingsError, match=r"'own' cannot be imported from .*: ZeroDivisionError: division by zero"):
        Catalogue({"own": "broken_module_of_a_user:Own"}, threads=1).get("own")


class Before(Estimator[float]):
    """An estimator as the documentation showed one before params were a class: it must go on."""

    def check(self, params: Mapping[str, Any]) -> None:
        """Look at params before any work is done."""
        unknown = params.keys() - {"times"}
        if unknown:
            raise InvalidParams(f"Mean does not know {', '.join(sorted(unknown))}; it knows times")

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> float:
        """Called with the rows to learn from; tells each iteration, of which there is one."""
        mean: float = pc.mean(dataset.train.column(dataset.schema.target)).as_py() * params.get("times", 1.0)
        progress(1, 1, {})
        return mean

    def predict(self, model: float, table: pa.Table) -> pa.Table:
        """A column `prediction`, with as many rows as the table."""
        return pa.table({"prediction": pa.array([model] * table.num_rows, pa.float64())})

    def dump(self, model: float) -> bytes:
        """The model as bytes. Never a pickle."""
        return repr(model).encode()

    def load(self, data: bytes) -> float:
        """The model in those bytes."""
        return float(data)


def test_an_estimator_of_the_contract_before_goes_on() -> None:
    before = found("Before")
    dataset = before.prepare(TABLE, WANTED)
    told: list[tuple[int, int]] = []
    model = before.fit(dataset, {"times": 2}, lambda number, most, _metrics: told.append((number, most)))
    again = before.load(before.dump(model))
    answers = asking.predictions(before, again, TABLE.select(["x"]), dataset.schema).column("prediction")
    assert answers.to_pylist() == [pytest.approx(6.0, abs=0.5)] * 40
    assert told == [(1, 1)]
    assert before.params_schema() is None
    with pytest.raises(InvalidParams, match="tims"):
        before.check({"tims": 1})
