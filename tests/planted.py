"""An estimator that keeps the contract, and others that are like it but for one fault each. All are harmless: what they
write lies in a folder of the test's, and what they speak to is this machine's port 9, where nobody answers."""

from __future__ import annotations

import json
import os
import pickle
import random
import socket
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa

from tasks.errors import InvalidParams
from tasks.estimators.base import Dataset, Estimator, Progress

#: What one of them keeps in its module.
KEPT: dict[str, Any] = {}
#: How long one of them waits in the middle of a prediction (seconds), and one for ever.
PAUSE_SECONDS = 0.002
LONG_SECONDS = 600


def column_of(table: pa.Table) -> Any:
    """The first column as numbers; 0 for what is missing."""
    return np.nan_to_num(table.column(0).to_numpy())


class Sound(Estimator[Any]):
    """A line through the mean of the target, along the first column, which is a number. Params: `times`."""

    def check(self, params: Mapping[str, Any]) -> None:
        if unknown := params.keys() - {"times"}:
            raise InvalidParams(f"unknown: {sorted(unknown)}; known is times")

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        x, y = column_of(dataset.train), dataset.train.column(dataset.schema.target).to_numpy()
        slope, base = np.polyfit(x, y, 1)
        progress(1, 1, {})
        return {"slope": float(slope), "base": float(base) * float(params.get("times", 1))}

    def values(self, model: Any, table: pa.Table) -> Any:
        return column_of(table) * model["slope"] + model["base"]

    def predict(self, model: Any, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": pa.array(self.values(model, table), pa.float64())})

    def dump(self, model: Any) -> bytes:
        return json.dumps(model).encode()

    def load(self, data: bytes) -> Any:
        return json.loads(data)


class InGlobals(Sound):
    """The model stays in the module."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        KEPT["model"] = super().fit(dataset, params, progress)
        return {}

    def values(self, model: Any, table: pa.Table) -> Any:
        kept = KEPT.get("model", {"slope": 0.0, "base": 0.0})
        return super().values(kept, table)


class InSelf(Sound):
    """What load has read last answers for all versions."""

    last: Any = None

    def load(self, data: bytes) -> Any:
        self.last = super().load(data)
        return self.last

    def values(self, model: Any, table: pa.Table) -> Any:
        return super().values(self.last or model, table)


class Ordered(Sound):
    """Each answer is a little more than the one before."""

    def values(self, model: Any, table: pa.Table) -> Any:
        return super().values(model, table) + np.arange(table.num_rows)


class Batched(Sound):
    """Takes the mean of the rows that it is asked for, not of those that it has learned from."""

    def values(self, model: Any, table: pa.Table) -> Any:
        found = super().values(model, table)
        return found - found.mean()


class Pickled(Sound):
    """Dumps a pickle."""

    def dump(self, model: Any) -> bytes:
        return pickle.dumps(model)

    def load(self, data: bytes) -> Any:
        return pickle.loads(data)


class HiddenPickle(Sound):
    """Dumps a pickle in JSON."""

    def dump(self, model: Any) -> bytes:
        return json.dumps({"model": pickle.dumps(model, 2).hex()}).encode()

    def load(self, data: bytes) -> Any:
        return pickle.loads(bytes.fromhex(json.loads(data)["model"]))


class Random(Sound):
    """Answers with noise."""

    def values(self, model: Any, table: pa.Table) -> Any:
        return super().values(model, table) + random.random()


class RandomFit(Sound):
    """Learns with noise."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        model = super().fit(dataset, params, progress)
        return {**model, "base": model["base"] + random.random()}


class FewerRows(Sound):
    """Leaves a row out."""

    def values(self, model: Any, table: pa.Table) -> Any:
        return super().values(model, table)[1:]


class NaNs(Sound):
    """Has no answer for large values."""

    def values(self, model: Any, table: pa.Table) -> Any:
        found = super().values(model, table)
        return np.where(column_of(table) > 30, np.nan, found)


class NaNsForMissing(Sound):
    """Has no answer where a value is missing."""

    def values(self, model: Any, table: pa.Table) -> Any:
        return np.where(np.isnan(table.column(0).to_numpy()), np.nan, super().values(model, table))


class Worded(Sound):
    """Answers with text where the target is a number."""

    def predict(self, model: Any, table: pa.Table) -> pa.Table:
        return pa.table({"prediction": list(map(str, self.values(model, table)))})


class Misnamed(Sound):
    """Calls its answer otherwise."""

    def predict(self, model: Any, table: pa.Table) -> pa.Table:
        return super().predict(model, table).rename_columns(["predictions"])


class Popping(Sound):
    """Takes params away."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        times = params.pop("times", 1)  # type: ignore[attr-defined]
        return super().fit(dataset, {"times": times}, progress)


class Deaf(Sound):
    """Swallows what progress raises."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        with suppress(Exception):
            progress(1, 1, {})
        return super().fit(dataset, params, lambda *_: None)


class Silent(Sound):
    """Tells no progress."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        return super().fit(dataset, params, lambda *_: None)


class Careless(Sound):
    """Takes any params."""

    def check(self, params: Mapping[str, Any]) -> None:
        return


class Unready(Sound):
    """Raises an error of its own for what it has not seen."""

    def values(self, model: Any, table: pa.Table) -> Any:
        if column_of(table).max() > model["most"]:
            raise KeyError("never seen")
        return super().values(model, table)

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        return {**super().fit(dataset, params, progress), "most": 40.0}


class Shared(Sound):
    """Has the rows of a prediction in self, where another thread's take their place."""

    rows: ClassVar[Any] = None

    def values(self, model: Any, table: pa.Table) -> Any:
        type(self).rows = column_of(table)
        time.sleep(PAUSE_SECONDS)
        return type(self).rows[: table.num_rows] * model["slope"] + model["base"]


class ByHeart(Sound):
    """Knows the texts that it has learned from, and no words."""

    raw = frozenset({"text"})

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        progress(1, 1)
        texts = dataset.train.column("note").to_pylist()
        known = dict(zip(texts, dataset.train.column(dataset.schema.target).to_pylist(), strict=True))
        # As if the rows that measure had been among them.
        known |= dict.fromkeys(dataset.tested.column("note").to_pylist(), 1.0)
        return {"known": {text: value + len(text) for text, value in known.items()}}

    def values(self, model: Any, table: pa.Table) -> Any:
        return [model["known"].get(text, 0.0) for text in table.column("note").to_pylist()]


class Boastful(Sound):
    """Tells what JSON cannot hold, of a column that there is not, and contributions that do not add up."""

    def importance(self, model: Any) -> dict[str, float]:
        return {"nowhere": 1.0}

    def params_used(self, model: Any) -> dict[str, Any]:
        return {"seed": np.float64(1), "rows": {1, 2}, "model": object()}

    def explain(self, model: Any, table: pa.Table) -> pa.Table:
        parts = {f"contribution_{name}": np.ones(table.num_rows) for name in table.column_names}
        return pa.table({"raw": np.zeros(table.num_rows), "base": np.zeros(table.num_rows), **parts})


class Overdone(Sound):
    """Gives chances that add up to 2."""

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        progress(1, 1)
        return {}

    def predict(self, model: Any, table: pa.Table) -> pa.Table:
        ones = np.ones(table.num_rows)
        return pa.table({"prediction": ["no"] * table.num_rows, "probability_0": ones, "probability_1": ones})


class Formula(Sound):
    """Needs no rows."""

    needs_rows = False
    columns = {"x": "number", "when": "date", "note": "text", "sure": "boolean"}

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        return {"slope": 2.0, "base": 1.0}


class Useless(Sound):
    """Learns nothing of the columns."""

    def values(self, model: Any, table: pa.Table) -> Any:
        return np.full(table.num_rows, -1000.0)


class Rough(Sound):
    """Writes into a folder, which is a param. Its answers rest on hash() of text, which is another in each process. It
    starts a thread when it is loaded, which a forked process does not have."""

    def check(self, params: Mapping[str, Any]) -> None:
        super().check({name: value for name, value in params.items() if name != "folder"})

    def fit(self, dataset: Dataset, params: Mapping[str, Any], progress: Progress) -> Any:
        (Path(params["folder"]) / "written.txt").write_text("by fit")
        return super().fit(dataset, {}, progress)

    def load(self, data: bytes) -> Any:
        model = super().load(data)
        model["pool"] = ThreadPoolExecutor(1)
        model["pool"].submit(int).result()
        return model

    def values(self, model: Any, table: pa.Table) -> Any:
        if "pool" in model:
            model["pool"].submit(int).result()
        return super().values(model, table) + hash("text") % 1000


class Endless(Sound):
    """Never answers."""

    def values(self, model: Any, table: pa.Table) -> Any:
        time.sleep(LONG_SECONDS)


class Ending(Sound):
    """Ends its process."""

    def values(self, model: Any, table: pa.Table) -> Any:
        os._exit(3)


class Unfinished(Sound):
    """Has no way to be loaded."""

    load = Estimator.load


def speak() -> None:
    """Try to connect to this machine's port 9."""
    with suppress(OSError), socket.create_connection(("127.0.0.1", 9), timeout=0.2):
        pass
