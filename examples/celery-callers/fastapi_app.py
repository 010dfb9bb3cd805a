"""A FastAPI app that asks a model by Celery's own calls: it installs nothing of ours."""

from typing import Any

from celery import Celery
from celery.exceptions import TimeoutError as NotYet
from fastapi import FastAPI, HTTPException
from pydantic import BaseModel

MODEL = "sums"

app = FastAPI()
# It reads CELERY_BROKER_URL and CELERY_RESULT_BACKEND, which `mlservice env` prints.
models = Celery("models", set_as_current=False)


class Row(BaseModel):
    """What the model is asked."""

    a: float
    b: float


# `def`, not `async def`: the wait for a result blocks, and FastAPI gives such a function a thread of its own.
@app.post("/predict")
def predict(row: Row) -> dict[str, Any]:
    """The prediction in the same request."""
    asked = models.send_task("tasks.estimate", kwargs={"model": MODEL, "rows": [row.model_dump()]}, queue="estimate")
    try:
        told = asked.get(timeout=5)
    except NotYet:
        raise HTTPException(503, "the model does not answer in time") from None
    except Exception as error:  # what the service refuses has the name and words of its own error
        raise HTTPException(422, f"{type(error).__name__}: {error}") from None
    return {"prediction": told["predictions"][0], "version": told["version"]}


@app.post("/train", status_code=202)
def retrain() -> dict[str, str]:
    """A train takes minutes: who asks gets its id."""
    return {"id": models.send_task("tasks.train", args=(MODEL,), queue="train").id}


@app.get("/train/{task}")
def trained(task: str) -> dict[str, Any]:
    """How far it is, and what came of it."""
    found = models.AsyncResult(task)
    if found.successful():
        return {"state": found.state, "version": found.result["version"]}
    return {"state": found.state, "error": str(found.result) if found.failed() else None}
