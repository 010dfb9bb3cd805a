"""Large estimates of the running service, by machine code where the extra `fast` is installed."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from tasks.contract import Media
from tasks.tables import formats
from tests.servers import eventually
from tests.service import Service

#: Longest time in which a small model is compiled (seconds).
PATIENCE_SECONDS = 60


def test_large_estimates_come_to_be_predicted_by_machine_code(service: Service) -> None:
    rng = np.random.default_rng(2)
    rows = pa.table({f"x{place}": rng.normal(size=5000).round(3) for place in range(3)})
    learned = rows.append_column("y", pa.array(rows["x0"].to_numpy() ** 2 + rows["x1"].to_numpy()))
    service.init("swift", formats.to_ipc(learned.slice(0, 400)), target="y", media=Media.ARROW).raise_for_status()
    service.train("swift", params={"num_iterations": 8}).raise_for_status()
    body = {"rows": np.column_stack([column.to_numpy() for column in rows.columns]).tolist()}
    first = predictions(service, body)

    def said() -> list[str]:
        predictions(service, body)
        lines = (service.home.logs / "worker-estimate.log").read_text().splitlines()
        return [line for line in lines if "version 1 of swift" in line and "by machine code" in line]

    line = eventually(said, seconds=PATIENCE_SECONDS)[0]
    assert "times as fast as by LightGBM" in json.loads(line)["message"]
    assert (service.home.code.stat().st_mode & 0o077) == 0
    np.testing.assert_allclose(predictions(service, body), first, rtol=1e-12, atol=1e-12)


def predictions(service: Service, body: dict[str, Any]) -> list[float]:
    """What the service predicts."""
    answer = service.estimate("swift", body).raise_for_status()
    found: list[float] = answer.json()["predictions"]
    return found
