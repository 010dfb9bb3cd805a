"""The worker of the common Celery template: one message a request, the result in Redis for a minute.

CELERY_BROKER_URL and CELERY_RESULT_BACKEND are read by Celery itself; MODEL_FILE names the model.
"""

from __future__ import annotations

import os
from typing import Any

from celery import Celery
from celery.signals import worker_process_init

app = Celery("template")
app.conf.update(result_expires=60, broker_connection_retry_on_startup=True)
loaded: dict[str, Any] = {}


@worker_process_init.connect  # type: ignore[untyped-decorator]
def load(**_: object) -> None:
    """Load the model once a process."""
    from tasks.estimators.lightgbm_library import load_lightgbm

    loaded["model"] = load_lightgbm().Booster(model_file=os.environ["MODEL_FILE"])


@app.task(name="predict")  # type: ignore[untyped-decorator]
def predict(rows: list[list[float]]) -> list[float]:
    """One prediction a row."""
    import numpy as np

    predictions: list[float] = loaded["model"].predict(np.asarray(rows), num_threads=1).tolist()
    return predictions
