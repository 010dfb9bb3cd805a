"""What an init costs beside reading the same CSV and writing it: 1,000,000 rows x 12 columns, and 100 rows x 100,000.

    make bench-init

Starts a Valkey and a train worker of its own. The yardstick is a process that reads the CSV with `pyarrow.csv.read_csv`
and its default types and writes a zstd IPC stream. The service's time is from the worker's start on the task to its
outcome. Memory is what the worker's process took at most beyond what it had before, in sizes of the Arrow table. With
other work on the machine compare the processor times.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import numpy as np
import pyarrow as pa
from pyarrow import csv

from infra.host.process_tree import processes
from infra.supervision.programs import LEAN
from tasks.client import Client
from tasks.contract import Media
from tests.servers import Process, Valkey

#: Prints the seconds that reading and writing took, of the clock and of the processor, and the size of the table.
YARDSTICK: Final = """
import sys, time
import pyarrow as pa
from pyarrow import csv
wall, processor = time.perf_counter(), time.process_time()
table = csv.read_csv(sys.argv[1])
sink = pa.BufferOutputStream()
with pa.ipc.new_stream(sink, table.schema, options=pa.ipc.IpcWriteOptions(compression="zstd")) as writer:
    writer.write_table(table)
print(time.perf_counter() - wall, time.process_time() - processor, table.nbytes)
"""
_GIB: Final = 1024**3
_KIB: Final = 1024
_TICKS: Final = os.sysconf("SC_CLK_TCK")
#: How long a worker has to give memory back.
_REST_SECONDS: Final = 2


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one init: seconds of the clock and of the processor, and bytes."""

    wall: float
    processor: float
    #: At most, and some seconds later, beyond what the process had before.
    peak: int = 0
    kept: int = 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--columns", type=int, default=100_000, help="of the wide table, which has 100 rows")
    parser.add_argument("--runs", type=int, default=3)
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, Valkey() as valkey:
        folder = Path(name)
        environment = {
            **LEAN,
            "REDIS_URL": valkey.redis_url,
            "MLSERVICE_BLOBS_URL": f"file://{folder}/blobs",
            "MLSERVICE_WORKER_MEMORY_BYTES": str(8 * _GIB),
            "MLSERVICE_MAX_COLUMNS": str(10**6),
        }
        command = [sys.executable, "-m", "infra.cli", "worker", "train"]
        with Process(command, output=folder / "worker.log", env=environment) as worker:
            client = Client(valkey.redis_url)
            figures = {
                "long": compared(client, worker.popen.pid, long_table(args.rows), runs=args.runs, folder=folder),
                "wide": compared(client, worker.popen.pid, wide_table(args.columns), runs=args.runs, folder=folder),
            }
    print(json.dumps(figures, indent=2))


def compared(client: Client, worker: int, body: bytes, *, runs: int, folder: Path) -> dict[str, Any]:
    """The yardstick and an init of the same CSV, in turn."""
    path = folder / "table.csv"
    path.write_bytes(body)
    plain, ours, size = [], [], 0
    for run in range(runs):
        done = subprocess.run([sys.executable, "-c", YARDSTICK, path], capture_output=True, text=True, check=True)
        wall, processor, nbytes = map(float, done.stdout.split())
        plain.append(Cost(wall=wall, processor=processor))
        size = int(nbytes)
        ours.append(cost_of(client, worker, f"bench-{run}", body))
    return {
        "csv_bytes": len(body),
        "arrow_bytes": size,
        "yardstick_seconds": middle([cost.wall for cost in plain]),
        "init_seconds": middle([cost.wall for cost in ours]),
        "ratio": middle([own.wall / bare.wall for own, bare in zip(ours, plain, strict=True)]),
        "processor_ratio": middle([own.processor / bare.processor for own, bare in zip(ours, plain, strict=True)]),
        "peak_of_arrow_size": middle([cost.peak / size for cost in ours]),
        "kept_of_arrow_size": middle([cost.kept / size for cost in ours]),
    }


def cost_of(client: Client, worker: int, model: str, body: bytes) -> Cost:
    """Run one init, and look at the process that does it: one that is there, from a small init."""
    client.init("warm", target="y", data=long_table(1000)).result(timeout=120)
    before = {pid: (memory(pid, "VmRSS"), processor_seconds(pid)) for pid in family(worker)}
    for pid in before:
        # Forget the peak so far.
        Path(f"/proc/{pid}/clear_refs").write_text("5")
    handle = client.init(model, target="y", data=body, media=Media.CSV)
    handle.result(timeout=600)
    task = handle.task()
    spent = {pid: processor_seconds(pid) - seconds for pid, (_, seconds) in before.items()}
    busy = max(spent, key=spent.__getitem__)
    peak = memory(busy, "VmHWM") - before[busy][0]
    time.sleep(_REST_SECONDS)
    return Cost(
        wall=(task.finished_at or 0) - (task.started_at or 0),
        processor=spent[busy],
        peak=peak,
        kept=memory(busy, "VmRSS") - before[busy][0],
    )


def family(worker: int) -> set[int]:
    """A worker's process and those that it started, which end with it."""
    found, seen = {worker}, processes()
    for _ in range(len(seen)):
        grown = found | {process.pid for process in seen if process.parent in found}
        if grown == found:
            break
        found = grown
    return found


def memory(pid: int, name: str) -> int:
    """A figure of /proc/PID/status, in bytes."""
    lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    return next(int(line.split()[1]) * _KIB for line in lines if line.startswith(f"{name}:"))


def processor_seconds(pid: int) -> float:
    """Seconds that a process and its threads have used of processors."""
    user, system = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[11:13]
    return (int(user) + int(system)) / _TICKS


def middle(figures: list[float]) -> float:
    """The median, short."""
    return round(statistics.median(figures), 3)


def long_table(rows: int) -> bytes:
    """Numbers with decimals, whole numbers, a day, a moment, two categories and a target, from a fixed seed."""
    rng = np.random.default_rng(20261128)
    days = np.datetime64("2020-01-01") + rng.integers(0, 2000, rows)
    moments = np.datetime64("2020-01-01T00:00:00") + rng.integers(0, 10**8, rows)
    table = pa.table(
        {
            **{f"amount{index}": np.round(rng.normal(size=rows) * 100, 4) for index in range(5)},
            "quantity": rng.integers(0, 10, rows),
            "customer": rng.integers(0, 100_000, rows),
            "day": pa.array(days),
            "at": pa.array(moments),
            "colour": np.array(["red", "green", "blue", "yellow"])[rng.integers(0, 4, rows)],
            "store": np.array([f"store {index:03d}" for index in range(500)])[rng.integers(0, 500, rows)],
            "y": np.round(rng.normal(size=rows), 4),
        }
    )
    return written(table)


def wide_table(columns: int, rows: int = 100) -> bytes:
    """Numbers with decimals and a target, from a fixed seed."""
    rng = np.random.default_rng(20261129)
    cells = np.round(rng.normal(size=(columns, rows)), 3)
    return written(pa.table({**{f"c{index}": cells[index] for index in range(columns)}, "y": rng.normal(size=rows)}))


def written(table: pa.Table) -> bytes:
    """As CSV."""
    sink = BytesIO()
    csv.write_csv(table, sink)
    return sink.getvalue()


if __name__ == "__main__":
    main()
