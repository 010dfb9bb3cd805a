"""MLServer's codecs, which make requests and read answers of its own protocol; the request is sent with httpx."""

from __future__ import annotations

from typing import Any

import httpx
import numpy as np
import pandas as pd
from asking import NUMBERS, asked, columns, tell  # type: ignore[import-not-found]
from mlserver.codecs import (  # type: ignore[import-not-found]
    NumpyCodec,
    NumpyRequestCodec,
    PandasCodec,
    StringCodec,
)
from mlserver.types import InferenceRequest, InferenceResponse  # type: ignore[import-not-found]

AT = asked()


def answered(model: str, request: Any) -> Any:
    """The service's answer, as MLServer's types read it."""
    answer = httpx.post(
        f"{AT.url}/v2/models/{model}/infer",
        content=request.model_dump_json(),
        headers={**AT.headers, "Content-Type": "application/json"},
        timeout=60,
    )
    assert answer.status_code == 200, answer.text
    return InferenceResponse.model_validate_json(answer.content)


def main() -> None:
    """Ask by each codec."""
    numbers = answered(AT.numbers, NumpyRequestCodec.encode_request(np.array(NUMBERS)))
    frame = pd.DataFrame(columns()).astype({"kind": object})
    framed = answered(AT.model, PandasCodec.encode_request(frame))
    given = columns()
    tensors = [
        NumpyCodec.encode_input("x", np.array(given["x"])),
        StringCodec.encode_input("kind", given["kind"]),
        NumpyCodec.encode_input("flag", np.array(given["flag"])),
    ]
    mixed = answered(AT.model, InferenceRequest(inputs=tensors))
    tell(
        numbers_numpy=NumpyRequestCodec.decode_response(numbers),
        pandas=PandasCodec.decode_response(framed)["prediction"],
        inputs=NumpyCodec.decode_output(mixed.outputs[0]).ravel(),
    )


if __name__ == "__main__":
    main()
