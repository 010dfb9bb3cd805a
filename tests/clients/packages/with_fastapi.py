"""The FastAPI app of examples/celery-callers, asked as FastAPI's own tests ask one; many at once, each in a thread."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import callers  # type: ignore[import-not-found]
from asking import NUMBERS, asked, tell  # type: ignore[import-not-found]
from fastapi.testclient import TestClient

fastapi_app: Any = callers.module("fastapi_app")
AT = asked()
fastapi_app.MODEL = AT.numbers
AT_ONCE = 16


def main() -> None:
    """Predict, be refused, and train."""
    with TestClient(fastapi_app.app) as app:

        def predicted(row: list[float]) -> float:
            answer = app.post("/predict", json={"a": row[0], "b": row[1]})
            assert answer.status_code == 200, answer.text
            return float(answer.json()["prediction"])

        found = [predicted(row) for row in NUMBERS]
        with ThreadPoolExecutor(AT_ONCE) as threads:
            many = list(threads.map(predicted, NUMBERS * AT_ONCE))
        assert many == found * AT_ONCE
        fastapi_app.MODEL = "missing"
        refused = app.post("/predict", json={"a": 1, "b": 2})
        assert (refused.status_code, "ModelNotInitialised" in refused.text) == (422, True), refused.text
        fastapi_app.MODEL = AT.numbers
        task = app.post("/train").json()["id"]
        told = callers.trained(lambda: app.get(f"/train/{task}").json())
        assert told["version"] == 2, told
        tell(numbers=found, numbers_of_the_next=[predicted(row) for row in NUMBERS])


if __name__ == "__main__":
    main()
