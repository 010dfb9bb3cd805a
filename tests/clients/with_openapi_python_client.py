"""The walk with openapi-python-client's client: `python -m tests.clients.with_openapi_python_client URL MODEL`."""

from __future__ import annotations

import base64
import os
import sys
from typing import Any

from mlservice_client import AuthenticatedClient  # type: ignore[import-not-found]
from mlservice_client.api.tasks import follow_task, get_result, get_task  # type: ignore[import-not-found]
from mlservice_client.api.tokens import create_token  # type: ignore[import-not-found]
from mlservice_client.api.work import estimate, init, train  # type: ignore[import-not-found]
from mlservice_client.models import RowLists, RowObjects, TrainRequest  # type: ignore[import-not-found]

from tests.clients.walk import PARAMS, ROWS, TABLE, WAIT, event_names, tell


def main(url: str, model: str) -> None:
    """Walk, and tell."""
    basic = base64.b64encode(f"admin:{os.environ['PASSWORD']}".encode()).decode()
    token: Any = create_token.sync(client=AuthenticatedClient(base_url=url, token=basic, prefix="Basic"))
    client = AuthenticatedClient(base_url=url, token=token.access_token, timeout=70)
    table = RowObjects.from_dict({"rows": TABLE})
    initialised: Any = init.sync(model, client=client, body=table, target="y", prefer=WAIT)
    wanted = TrainRequest.from_dict({"params": PARAMS, "promote": "always"})
    accepted: Any = train.sync(model, client=client, body=wanted)
    task: Any = get_task.sync(accepted.id, client=client, prefer=WAIT)
    trained: Any = get_result.sync(accepted.id, client=client)
    stream: Any = follow_task.sync(accepted.id, client=client)
    rows = RowLists(rows=ROWS)
    found: Any = estimate.sync(model, client=client, body=rows, explain=True, prefer=WAIT)
    refused: Any = estimate.sync("missing", client=client, body=rows, prefer=WAIT)
    tell(
        rows=initialised.rows,
        accepted=accepted.state.value,
        state=task.state.value,
        version=trained.version,
        events=event_names(stream),
        predictions=found.predictions,
        raw=found.raw,
        contributions=found.contributions.to_dict(),
        refused=refused.type_,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
