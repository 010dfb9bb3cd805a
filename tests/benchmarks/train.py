"""What a train through the service costs beside the same LightGBM call in a script: 100,000 rows x 30 columns.

    make bench-train

Starts a Valkey and a train worker of its own. Prints seconds of both in turn and the ratio; the service's figure is
the `seconds` of the train's result (the fit) and the whole task from start to end.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa

from tasks.client import Client
from tasks.contract import Media
from tasks.tables import formats
from tests.servers import Process, Valkey

#: What a user would write without the service: read the two parts, fit with early stopping on the holdout.
SCRIPT = """
import sys, time
sys.modules["sklearn"] = None
import lightgbm as lgb, numpy as np, pyarrow as pa
params, rounds = {params}, {rounds}
start = time.perf_counter()
parts = [pa.ipc.open_stream(pa.memory_map(path)).read_all() for path in sys.argv[1:3]]
x, y = zip(*[(np.column_stack([t[c].to_numpy() for c in t.column_names[:-1]]), t[t.column_names[-1]].to_numpy())
             for t in parts])
train = lgb.Dataset(x[0], y[0])
lgb.train(params, train, rounds, valid_sets=[lgb.Dataset(x[1], y[1], reference=train)],
          callbacks=[lgb.early_stopping(50, verbose=False)])
print(time.perf_counter() - start)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=100_000)
    parser.add_argument("--columns", type=int, default=30)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    table = made_table(args.rows, args.columns)
    with tempfile.TemporaryDirectory() as folder, Valkey() as valkey:
        environment = {"REDIS_URL": valkey.redis_url, "MLSERVICE_BLOBS_URL": f"file://{folder}/blobs"}
        command = [sys.executable, "-m", "infra.cli", "worker", "train"]
        with Process(command, output=Path(folder) / "worker.log", env=environment):
            report(args, table, client=Client(valkey.redis_url), folder=Path(folder))


def report(args: argparse.Namespace, table: pa.Table, *, client: Client, folder: Path) -> None:
    """Run both in turn and print the figures."""
    client.init("bench", target="y", data=formats.to_ipc(table), media=Media.ARROW).result(timeout=120)
    paths = split_paths(table, folder)
    params = {"num_boost_round": args.rounds, "seed": 1}
    fits, wholes, scripts = [], [], []
    for _ in range(args.runs):
        handle = client.train("bench", params=params)
        fits.append(handle.result(timeout=600)["seconds"])
        task = handle.task()
        wholes.append((task.finished_at or 0) - (task.started_at or 0))
        scripts.append(run_script(paths, args.rounds))
    fit, whole, script = map(statistics.median, (fits, wholes, scripts))
    figures = {
        "rows": args.rows,
        "columns": args.columns,
        "rounds": args.rounds,
        "script_seconds": round(script, 3),
        "fit_seconds": round(fit, 3),
        "task_seconds": round(whole, 3),
        "fit_ratio": round(statistics.median(f / s for f, s in zip(fits, scripts, strict=True)), 3),
        "task_ratio": round(statistics.median(w / s for w, s in zip(wholes, scripts, strict=True)), 3),
    }
    print(json.dumps(figures, indent=2))


def made_table(rows: int, columns: int) -> pa.Table:
    """Normal features and a target that depends on them, from a fixed seed."""
    rng = np.random.default_rng(20240917)
    x = rng.normal(size=(rows, columns))
    y = x @ rng.normal(size=columns) + 2 * np.sin(x[:, 0] * x[:, 1]) + 0.1 * rng.normal(size=rows)
    return pa.table({**{f"f{i}": x[:, i] for i in range(columns)}, "y": y})


def split_paths(table: pa.Table, folder: Path) -> list[Path]:
    """The two parts, split by the service's own rule, as files for the script."""
    from tasks.estimators.lightgbm import LightGBM

    dataset = LightGBM().prepare(table, {"target": "y"})
    paths = [folder / "train.arrow", folder / "holdout.arrow"]
    for path, part in zip(paths, (dataset.train, dataset.holdout), strict=True):
        with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_stream(sink, part.schema) as writer:
            writer.write_table(part)
    return paths


def run_script(paths: list[Path], rounds: int) -> float:
    """Seconds that the bare call takes in a process of its own."""
    import os

    params = {"objective": "regression", "seed": 1, "verbosity": -1, "deterministic": True, "metric": "rmse"}
    code = SCRIPT.format(params={**params, "num_threads": os.cpu_count()}, rounds=rounds)
    done = subprocess.run([sys.executable, "-c", code, *map(str, paths)], capture_output=True, text=True, check=True)
    time.sleep(0.2)
    return float(done.stdout)


if __name__ == "__main__":
    main()
