"""100,000 rows in one request, as JSON and as Arrow, against LightGBM alone on the same numbers; by machine code of the
model (the extra `fast`), and by a service that makes none."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Final, NamedTuple

import msgspec
import numpy as np
import pyarrow as pa

from tasks.contract import Media
from tasks.native import wanting
from tests.benchmarks.bench import Bench
from tests.benchmarks.caller import Caller
from tests.benchmarks.figures import Section, ratio, show
from tests.benchmarks.load import Unusable
from tests.benchmarks.model import FEATURES, learn, rows
from tests.benchmarks.subjects import ESTIMATE, TOLERANCE
from tests.servers import eventually
from tests.service import Service

ROWS: Final = 100_000
#: Turns for each round.
TURNS: Final = 3
#: Longest time in which the model becomes machine code (seconds).
PATIENCE_SECONDS: Final = 120


class Way(NamedTuple):
    """How the rows are asked about."""

    media: Media
    service: Service
    note: str

    def __str__(self) -> str:
        return f"{self.media}{self.note}"


def measure(bench: Bench) -> Section:
    """LightGBM and each way in turn. Raises Unusable for an answer that is no success."""
    environment = {"MLSERVICE_TRAIN_THREADS": "0", "MLSERVICE_CODE_FOLDER": ""}
    with Service(env=environment) as plain:
        learn(plain)
        services = {", by LightGBM": plain}
        if not wanting.missing():
            services = {", by machine code": bench.service, **services}
        ways = [Way(media, service, note) for note, service in services.items() for media in (Media.ARROW, Media.JSON)]
        return _measured(bench, ways)


def _measured(bench: Bench, ways: Sequence[Way]) -> Section:
    threads = len(os.sched_getaffinity(0))
    matrix = rows(ROWS)
    bodies = {Media.ARROW: _arrow(matrix), Media.JSON: msgspec.json.encode({"rows": matrix.tolist()})}
    expected = bench.booster.predict(matrix, num_threads=threads)
    seconds: dict[str, list[float]] = {"LightGBM alone": [], **{str(way): [] for way in ways}}
    worst = {str(way): 0.0 for way in ways}
    _warm_up(bench, ways, bodies)
    for _ in range(TURNS * bench.options.rounds):
        seconds["LightGBM alone"].append(_timed(lambda: bench.booster.predict(matrix, num_threads=threads))[0])
        for way in ways:
            taken, found = _ask(way.service, way.media, bodies[way.media])
            seconds[str(way)].append(taken)
            worst[str(way)] = max(worst[str(way)], float(np.abs(found - expected).max()))
    alone = seconds["LightGBM alone"]
    over = {name: ratio(alone, taken) for name, taken in seconds.items()}
    rates = {name: ROWS / statistics.median(taken) for name, taken in seconds.items()}
    return Section(
        title=f"{ROWS:,} rows of {FEATURES} numbers in one request, {threads} threads; Arrow"
        f" {len(bodies[Media.ARROW]) / 1e6:.0f} MB, JSON {len(bodies[Media.JSON]) / 1e6:.0f} MB",
        header=["", "rows/s", "/ LightGBM alone", "seconds"],
        rows=[
            [name, show(rates[name]), f"{over[name]:.2f}", show(statistics.median(seconds[name]))] for name in seconds
        ],
        figures={
            name: {"rows_per_second": rates[name], "over_lightgbm": over[name], "seconds": seconds[name]}
            for name in seconds
        },
        faults=[f"{m}: a prediction is {off} away from LightGBM's" for m, off in worst.items() if off > TOLERANCE],
    )


def _warm_up(bench: Bench, ways: Sequence[Way], bodies: Mapping[Media, bytes]) -> None:
    """Ask in each way, and until every process of the service has its machine code."""
    for way in ways:
        _ask(way.service, way.media, bodies[way.media])
    log = bench.service.home.logs / "worker-estimate.log"
    processes = len(os.sched_getaffinity(0))

    def is_used() -> bool:
        # One that comes alone goes to the same process each time, and a few wait in the gateway while it answers fast.
        many = 4 * processes
        with ThreadPoolExecutor(many) as together:
            list(together.map(lambda _: _ask(bench.service, Media.ARROW, bodies[Media.ARROW]), range(many)))
        return log.read_text().count("by machine code") >= processes

    if any(way.service is bench.service for way in ways):
        eventually(is_used, seconds=PATIENCE_SECONDS, what="machine code")


def _arrow(matrix: Any) -> bytes:
    """An Arrow stream with one batch, as any client writes it."""
    table = pa.table({f"f{index}": matrix[:, index] for index in range(FEATURES)})
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, table.schema) as writer:
        writer.write_table(table)
    written: bytes = sink.getvalue().to_pybytes()
    return written


def _ask(service: Service, media: Media, body: bytes) -> tuple[float, Any]:
    """Seconds until the whole answer was there, and the predictions in it."""
    token = f"Bearer {service.token()}"
    headers = {"Authorization": token, "Content-Type": media.value, "Accept": media.value, "Prefer": "wait=60"}
    with Caller(service.url) as caller:
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
