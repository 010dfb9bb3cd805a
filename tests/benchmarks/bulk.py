"""100,000 rows in one request, as JSON and as Arrow, against LightGBM alone on the same numbers."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable
from typing import Any, Final

import msgspec
import numpy as np
import pyarrow as pa

from tasks.contract import Media
from tests.benchmarks.bench import Bench
from tests.benchmarks.caller import Caller
from tests.benchmarks.figures import Section, ratio, show
from tests.benchmarks.load import Unusable
from tests.benchmarks.model import FEATURES, rows
from tests.benchmarks.subjects import ESTIMATE, TOLERANCE

ROWS: Final = 100_000
#: Turns for each round.
TURNS: Final = 3


def measure(bench: Bench) -> Section:
    """LightGBM, Arrow and JSON in turn. Raises Unusable for an answer that is no success."""
    threads = len(os.sched_getaffinity(0))
    matrix = rows(ROWS)
    bodies = {Media.ARROW: _arrow(matrix), Media.JSON: msgspec.json.encode({"rows": matrix.tolist()})}
    expected = bench.booster.predict(matrix, num_threads=threads)
    seconds: dict[str, list[float]] = {"LightGBM alone": [], Media.ARROW: [], Media.JSON: []}
    worst = dict.fromkeys(bodies, 0.0)
    for _ in range(TURNS * bench.options.rounds):
        seconds["LightGBM alone"].append(_timed(lambda: bench.booster.predict(matrix, num_threads=threads))[0])
        for media, body in bodies.items():
            taken, found = _ask(bench, media, body)
            seconds[media].append(taken)
            worst[media] = max(worst[media], float(np.abs(found - expected).max()))
    alone = seconds["LightGBM alone"]
    over = {name: ratio(alone, taken) for name, taken in seconds.items()}
    rates = {name: ROWS / statistics.median(taken) for name, taken in seconds.items()}
    return Section(
        title=f"{ROWS:,} rows of {FEATURES} numbers in one request, {threads} threads",
        header=["", "rows/s", "/ LightGBM alone", "seconds", "body MB"],
        rows=[
            [
                str(name),
                show(rates[name]),
                f"{over[name]:.2f}",
                show(statistics.median(seconds[name])),
                show(len(bodies[Media(name)]) / 1e6) if name in worst else "",
            ]
            for name in seconds
        ],
        figures={
            str(name): {"rows_per_second": rates[name], "over_lightgbm": over[name], "seconds": seconds[name]}
            for name in seconds
        },
        faults=[f"{m}: a prediction is {off} away from LightGBM's" for m, off in worst.items() if off > TOLERANCE],
    )


def _arrow(matrix: Any) -> bytes:
    """An Arrow stream with one batch, as any client writes it."""
    table = pa.table({f"f{index}": matrix[:, index] for index in range(FEATURES)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _ask(bench: Bench, media: Media, body: bytes) -> tuple[float, Any]:
    """Seconds until the whole answer was there, and the predictions in it."""
    token = f"Bearer {bench.service.token()}"
    headers = {"Authorization": token, "Content-Type": media.value, "Accept": media.value, "Prefer": "wait=60"}
    with Caller(bench.service.url) as caller:
        seconds, answer = _timed(lambda: caller.ask("POST", ESTIMATE, headers=headers, body=body))
    if answer.status != 200:
        raise Unusable(f"{ROWS} rows as {media} are answered {answer.status}: {answer.body[:300]!r}")
    if media is Media.ARROW:
        return seconds, pa.ipc.open_stream(answer.body).read_all()["prediction"].to_numpy()
    return seconds, np.asarray(msgspec.json.decode(answer.body)["predictions"])


def _timed(work: Callable[[], Any]) -> tuple[float, Any]:
    start = time.perf_counter()
    found = work()
    return time.perf_counter() - start, found
