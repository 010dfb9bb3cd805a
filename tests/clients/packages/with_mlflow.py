"""MLflow: the requests that its client writes, and how it reads the answers; the request is sent with requests, as its
client does, which has no way to say who calls."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import requests
from asking import NUMBERS, asked, columns, tell  # type: ignore[import-not-found]
from mlflow.deployments import PredictionsResponse  # type: ignore[import-not-found]
from mlflow.utils.proto_json_utils import dump_input_data  # type: ignore[import-not-found]

AT = asked()


def invoked(model: str, body: str | bytes, media: str = "application/json") -> Any:
    """The service's answer, as MLflow reads it."""
    answer = requests.post(
        f"{AT.url}/v1/models/{model}/invocations",
        data=body,
        headers={**AT.headers, "Content-Type": media},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return PredictionsResponse.from_json(answer.text)


def values(answer: Any) -> Any:
    """The predictions, by MLflow's own reading."""
    return answer.get_predictions(predictions_format="ndarray")


def main() -> None:
    """Ask in each form."""
    frame, matrix = pd.DataFrame(columns()), np.array(NUMBERS)
    missing = requests.post(f"{AT.url}/v1/models/missing/invocations", json={}, headers=AT.headers, timeout=60)
    assert missing.status_code == 404, missing.text
    assert {"error_code", "message"} <= missing.json().keys(), missing.text
    tell(
        dataframe=values(invoked(AT.model, dump_input_data(frame))),
        records=values(invoked(AT.model, dump_input_data(frame.to_dict("records"), inputs_key="dataframe_records"))),
        numbers_array=values(invoked(AT.numbers, dump_input_data(matrix))),
        numbers_instances=values(invoked(AT.numbers, dump_input_data(matrix, inputs_key="instances"))),
        csv=values(invoked(AT.model, frame.to_csv(index=False).encode(), "text/csv")),
    )


if __name__ == "__main__":
    main()
