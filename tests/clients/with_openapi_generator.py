"""The walk with openapi-generator's Python client: `python -m tests.clients.with_openapi_generator URL MODEL`."""

from __future__ import annotations

import os
import sys
from typing import Any

from mlservice_client import (  # type: ignore[import-not-found]
    ApiClient,
    ApiException,
    Configuration,
    EstimateRequest,
    InitRequest,
    RowLists,
    RowObjects,
    TasksApi,
    TokensApi,
    TrainRequest,
    TrainRequestParams,
    WorkApi,
)

from tests.clients.walk import OPTIONS, PARAMS, ROWS, TABLE, WAIT, event_names, tell


def main(url: str, model: str) -> None:
    """Walk, and tell."""
    login = Configuration(host=url, username="admin", password=os.environ["PASSWORD"])
    token = TokensApi(ApiClient(login)).create_token()
    client = ApiClient(Configuration(host=url, access_token=token.access_token))
    work, tasks = WorkApi(client), TasksApi(client)
    table = InitRequest(RowObjects(rows=TABLE))
    initialised = work.init(model, init_request=table, target="y", options=OPTIONS, prefer=WAIT)
    accepted: Any = work.train(model, train_request=TrainRequest(params=TrainRequestParams(PARAMS), promote="always"))
    task = tasks.get_task(accepted.id, prefer=WAIT)
    trained = tasks.get_result(accepted.id).actual_instance
    stream = tasks.follow_task(accepted.id)
    found = work.estimate(model, EstimateRequest(RowLists(rows=ROWS)), explain=True, prefer=WAIT)
    tell(
        rows=initialised.actual_instance.rows,
        accepted=accepted.state,
        state=task.state,
        version=trained.version,
        events=event_names(stream),
        predictions=[value.actual_instance for value in found.predictions],
        raw=[value.actual_instance for value in found.raw],
        contributions=found.contributions.to_dict(),
        refused=refusal(work),
    )


def refusal(work: WorkApi) -> str:
    """What is said of a model that is not there."""
    try:
        work.estimate("missing", EstimateRequest(RowLists(rows=ROWS)), prefer=WAIT)
    except ApiException as error:
        return str(error.data.type)
    raise AssertionError("an estimate without a model succeeded")


if __name__ == "__main__":
    main(*sys.argv[1:])
