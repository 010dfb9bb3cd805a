"""When machine code is made, kept, and used."""

from __future__ import annotations

import os
import time
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from tasks.estimators.lightgbm import LightGBM
from tasks.native import machine_code, wanting
from tasks.native.folder import CODE, KNOWN, LIFE_SECONDS, Folder, Known

#: Longest time in which a small model is compiled (seconds).
PATIENCE_SECONDS = 60


def table(rows: int) -> pa.Table:
    """Numbers and a category."""
    rng = np.random.default_rng(rows)
    return pa.table({"x": rng.normal(size=rows), "c": rng.choice(["p", "q", "r"], rows)})


def stored(params: dict[str, Any] | None = None, **columns: Any) -> bytes:
    """A small model as bytes."""
    estimator, rows = LightGBM(), table(300)
    for name, values in columns.items():
        rows = rows.append_column(name, values)
    target = pa.array(rows["x"].to_numpy() ** 2)
    prepared = estimator.prepare(rows.append_column("y", target), {"target": "y"})
    model = estimator.fit(prepared, {"n_estimators": 5, **(params or {})}, lambda *_: None)
    return estimator.dump(model)


def conformed(rows: int, **columns: Any) -> pa.Table:
    """Rows as an estimator sees them."""
    codes = pa.DictionaryArray.from_arrays(np.arange(rows, dtype=np.int32) % 3, ["p", "q", "r"])
    return pa.table({"x": np.random.default_rng(1).normal(size=rows), "c": codes, **columns})


def settled(estimator: LightGBM, model: Any, rows: pa.Table) -> str:
    """Predict until it is known how, by each booster; what was said of it last."""
    end, left = time.monotonic() + PATIENCE_SECONDS, len(model.boosters)
    while time.monotonic() < end:
        estimator.predict(model, rows)
        news = [one.code.take_news() for one in model.faster if one.code]
        left -= sum("being made" not in one for one in filter(None, news))
        if not left:
            return "".join(news)
        time.sleep(0.2)
    raise AssertionError("nothing came of it")


def test_a_large_table_has_code_made_which_other_processes_find(tmp_path: Path) -> None:
    folder, rows = tmp_path / "home" / "code", conformed(5000)
    estimator = LightGBM(threads=2)
    estimator.fast_code = partial(machine_code.MachineCode, Folder(folder), niceness=0)
    model = estimator.load(stored({"objective": "quantile", "alpha": [0.1, 0.9]}))
    expected = LightGBM().predict(model, rows.slice(0, 100))
    assert not folder.exists()
    estimator.predict(model, rows)
    assert "being made" in estimator.news(model)
    assert estimator.news(model) == ""
    assert "predicted by machine code" in settled(estimator, model, rows)
    assert all(file.stat().st_mode & 0o077 == 0 for file in (folder, *folder.glob("*.[oj]*")))
    found = estimator.predict(model, rows)
    for name in expected.column_names:
        np.testing.assert_allclose(found[name].to_numpy()[:100], expected[name].to_numpy(), rtol=1e-12)
    again = LightGBM()
    again.fast_code = estimator.fast_code
    other = again.load(stored({"objective": "quantile", "alpha": [0.1, 0.9]}))
    again.predict(other, rows)
    assert "predicted by machine code" in again.news(other)


@pytest.mark.parametrize("change", ["other bytes", "others may write", "the folder is others' too"])
def test_code_that_is_not_as_it_was_written_is_not_run(change: str, tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    folder, text = Folder(tmp_path), b"tree\n"
    name = wanting.name_of(text)
    folder.write(name + CODE, b"code")
    folder.write(name + KNOWN, b'{"rows":1,"width":2,"digest":"%s"}' % (b"0" * 64))
    if change == "others may write":
        (tmp_path / (name + KNOWN)).chmod(0o660)
    if change == "the folder is others' too":
        tmp_path.chmod(0o770)
    code = machine_code.MachineCode(folder, text, niceness=0)
    assert code.function(10**6, lambda: "") is None
    assert "LightGBM predicts it" in code.take_news()


@pytest.mark.parametrize("reason", ["mlservice[fast]", "columns of text", "linear trees"])
def test_without_code_lightgbm_predicts_and_it_is_said_why(
    reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(machine_code, "LARGE_ROWS", 300)
    if reason == "mlservice[fast]":
        wanting.missing.cache_clear()
        monkeypatch.setattr(wanting, "PACKAGES", ("lleaves", "no_such_package"))
    more = {"t": pa.array([f"some text number {i} of many" for i in range(300)])} if "text" in reason else {}
    estimator = LightGBM()
    estimator.fast_code = partial(machine_code.MachineCode, Folder(tmp_path / "code"), niceness=0)
    model = estimator.load(stored({"linear_tree": True} if "linear" in reason else {}, **more))
    wanting.missing.cache_clear()
    assert reason in settled(estimator, model, conformed(300, **more))


def test_what_was_not_used_for_long_is_swept(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    folder = Folder(tmp_path)
    for name, age in {"old": LIFE_SECONDS + 60, "new": 0}.items():
        folder.write(name + CODE, b"x")
        os.utime(tmp_path / (name + CODE), (time.time() - age,) * 2)
    folder.sweep()
    assert [file.name for file in tmp_path.iterdir()] == ["new.o"]
    assert folder.known("new") is None
    assert Known().refused == ""
