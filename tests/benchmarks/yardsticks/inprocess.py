"""Prediction inside the web process, on its event loop: no queue, no token, nothing durable.

Served by two uvicorn workers. MODEL_FILE names the model.
"""

from __future__ import annotations

import os

import numpy as np
from fastapi import FastAPI
from pydantic import BaseModel

from tasks.estimators.lightgbm_library import load_lightgbm


class Rows(BaseModel):  # type: ignore[misc]
    """The body of a request."""

    rows: list[list[float]]


class Predictions(BaseModel):  # type: ignore[misc]
    """The body of an answer."""

    predictions: list[float]


def create_app() -> FastAPI:
    """The app, with the model loaded."""
    booster = load_lightgbm().Booster(model_file=os.environ["MODEL_FILE"])

    async def predict(body: Rows) -> Predictions:
        return Predictions(predictions=booster.predict(np.asarray(body.rows), num_threads=1).tolist())

    app = FastAPI()
    app.add_api_route("/predict", predict, methods=["POST"])
    return app
