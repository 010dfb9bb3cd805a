"""The estimator of docs/how-to/bring-your-own.md, as it stands there."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from tasks.errors import InvalidParams
from tasks.estimators.catalogue import Catalogue
from tests import sessions

PAGE = Path(__file__).parents[4] / "docs" / "how-to" / "bring-your-own.md"


@pytest.fixture
def estimator(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    (source,) = (block.text for block in sessions.blocks(PAGE) if block.language == "python")
    (tmp_path / "mean_of_the_page.py").write_text(source)
    monkeypatch.syspath_prepend(tmp_path)
    return Catalogue({"mean": "mean_of_the_page:Mean"}, threads=1).get("mean")


def test_it_fits_predicts_and_is_read_again(estimator: Any) -> None:
    table = pa.table({"x": [float(i) for i in range(40)], "y": [2.0] * 20 + [4.0] * 20})
    dataset = estimator.prepare(table, {"target": "y"})
    told: list[tuple[int, int]] = []
    model = estimator.fit(dataset, {"times": 2}, lambda number, most, _metrics: told.append((number, most)))
    assert told == [(1, 1)]
    again = estimator.load(estimator.dump(model))
    predicted = estimator.predict(again, table.select(["x"])).column("prediction").to_pylist()
    assert predicted == [pytest.approx(6.0, abs=0.5)] * 40


def test_it_refuses_params_that_it_does_not_know(estimator: Any) -> None:
    with pytest.raises(InvalidParams, match="tims"):
        estimator.check({"tims": 1})
