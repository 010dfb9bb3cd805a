"""Bodies just over the bounds of a worker, in every format: each fails with 413 or 422, and nobody beside it."""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import Any, Final

import httpx
import pyarrow as pa

from tasks.contract import Kind, Media, State
from tests.chaos import orders
from tests.chaos.account import Entry
from tests.chaos.crowd import crowd, shared
from tests.chaos.fault import Fault
from tests.chaos.orders import Order
from tests.chaos.stage import PATIENCE_SECONDS, Stage
from tests.integration.bad_bodies import as_parquet, as_stream
from tests.servers import eventually

#: The bounds that the service runs with, which no good body of the load comes near.
ROWS: Final = 1000
COLUMNS: Final = 40
DECODED_BYTES: Final = 4 * 2**20
SETTINGS: Final = {
    "MLSERVICE_MAX_ROWS": str(ROWS),
    "MLSERVICE_MAX_COLUMNS": str(COLUMNS),
    "MLSERVICE_MAX_DECODED_BYTES": str(DECODED_BYTES),
}
#: How what is too much may be answered.
STATUSES: Final = (413, 422)
#: Good estimates that are sent together with the bad ones.
NEIGHBOURS: Final = 9
#: What the bad inits would make.
MODEL: Final = "oversized"


class Oversized(Fault):
    """Sends bodies with a row, a column or a byte too many as inits and, in groups with good ones, as estimates."""

    name = "oversized"
    repeated = True

    def strike(self, stage: Stage) -> dict[str, Any]:
        self._began = time.time()
        victims = [stage.must_place(order) for order in doomed(Kind.INIT, model=MODEL)]
        estimates = [*doomed(Kind.ESTIMATE, model=orders.STEADY), *_good(stage)]
        stage.rng.shuffle(estimates)
        together = crowd(stage, estimates)
        victims += [entry for entry in together if entry.order.doomed]
        for victim in victims:
            self._judge(stage, victim)
        self._ended = time.time()
        return {"bodies": len(victims), "in_the_same_group": shared(together)}

    def settle(self, stage: Stage) -> dict[str, Any]:
        """Count the neighbours and those that failed, which the verdict names."""
        neighbours = [
            e for e in stage.account.since(0) if not e.order.doomed and self._began <= e.sent_at <= self._ended
        ]
        harmed = sum(stage.ended(entry) is not State.SUCCEEDED for entry in neighbours)
        return {"neighbours": len(neighbours), "harmed": harmed}

    def _judge(self, stage: Stage, victim: Entry) -> None:
        state = stage.ended(victim)
        status = eventually(lambda: _status(stage, victim), seconds=PATIENCE_SECONDS, what="the problem of a failure")
        if state is not State.FAILED or status not in STATUSES:
            stage.account.find(
                f"{self.name}: {victim.order.kind} {victim.handle} of {victim.order.media} is {state}, {status}:"
                f" {victim.first.reason if victim.first else ''}"
            )


def doomed(kind: Kind, *, model: str) -> list[Order]:
    """One order for each format and bound."""
    query = {"target": "y"} if kind is Kind.INIT else {}
    found = []
    for rows, columns in ((ROWS + 1, orders.FEATURES), (1, COLUMNS + 1)):
        names = [f"x{at}" for at in range(columns)] + ["y"] * (kind is Kind.INIT)
        table = pa.table({name: [float(row % 7) for row in range(rows)] for name in names})
        for media, content in _written(table).items():
            found.append(Order(kind=kind, model=model, content=content, media=media, query=query, doomed=True))
    blanks = b'{"rows": []}' + b" " * DECODED_BYTES
    for coding, content in (("gzip", gzip.compress(blanks)), ("zstd", pa.compress(blanks, "zstd", asbytes=True))):
        found.append(Order(kind=kind, model=model, content=content, coding=coding, query=query, doomed=True))
    return found


def _written(table: pa.Table) -> Mapping[Media, bytes]:
    lines = [table.column_names, *(row.values() for row in table.to_pylist())]
    return {
        Media.JSON: json.dumps({"rows": table.to_pylist()}).encode(),
        Media.CSV: "\n".join(",".join(map(str, line)) for line in lines).encode(),
        Media.PARQUET: as_parquet(table),
        Media.ARROW: as_stream(table),
    }


def _status(stage: Stage, entry: Entry) -> int | None:
    """The status of the problem with which it ended; None while that cannot be asked."""
    headers = {"Authorization": f"Bearer {stage.site.token}"}
    with suppress(httpx.TransportError):
        answer = httpx.get(f"{stage.site.url}/v1/tasks/{entry.handle}/result", headers=headers)
        return answer.status_code if answer.status_code < httpx.codes.INTERNAL_SERVER_ERROR else None
    return None


def _good(stage: Stage) -> list[Order]:
    return [orders.estimate(stage.rng) for _ in range(NEIGHBOURS)]


FAULTS: Final[Sequence[Fault]] = (Oversized(),)
