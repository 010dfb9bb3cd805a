"""An Airflow DAG that trains a model each night, lets it answer if it is better, and asks it, by Celery's own calls.

It needs `celery[redis]` and packaging where its tasks run; CELERY_BROKER_URL and CELERY_RESULT_BACKEND, which
`mlservice env` prints, are best kept in a connection of Airflow's.
"""

from datetime import datetime, timedelta
from typing import Any

from airflow.sdk import Param, dag, get_current_context, task

#: A train may take so long (seconds).
TRAIN_SECONDS = 3600


def asked(name: str, *, queue: str, seconds: float, **kwargs: Any) -> Any:
    """The result of one of the service's tasks; what it refuses fails the task of Airflow with the service's words."""
    from celery import Celery

    models = Celery("models", set_as_current=False)
    return models.send_task(name, kwargs=kwargs, queue=queue).get(timeout=seconds)


def model() -> str:
    """The model that this run is for."""
    return str(get_current_context()["params"]["model"])


@dag(
    schedule="@daily",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    params={"model": Param("sums", type="string")},
    default_args={"retries": 2, "retry_delay": timedelta(minutes=5)},
)
def retrain() -> None:
    """Each night."""

    @task
    def train() -> dict[str, Any]:
        told = asked("tasks.train", queue="train", seconds=TRAIN_SECONDS, model=model(), promote="if_better")
        # What travels from task to task in Airflow is kept in its database: a few numbers, not the whole result.
        return {"version": told["version"], "promoted": told["promoted"], "metrics": told["metrics"]}

    @task
    def predict(trained: dict[str, Any]) -> list[float]:
        rows = [[3.0, 4.5], [15.25, 2.0], [0.1, 0.7]]
        version = trained["version"]
        told = asked("tasks.estimate", queue="estimate", seconds=60, model=model(), rows=rows, version=version)
        return list(told["predictions"])

    predict(train())


nightly = retrain()
