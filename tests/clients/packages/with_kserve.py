"""KServe's client of the protocol's second version, in JSON and with binary tensors."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
from asking import MISSING, NUMBERS, Asked, asked, columns, refused, tell  # type: ignore[import-not-found]
from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig  # type: ignore[import-not-found]

DATATYPES = {"x": ("FP64", np.float64), "kind": ("BYTES", object), "flag": ("BOOL", bool)}


def tensor(name: str, values: list[Any], *, binary_data: bool) -> Any:
    """One column."""
    datatype, layout = DATATYPES[name]
    made = InferInput(name=name, shape=[len(values)], datatype=datatype)
    made.set_data_from_numpy(np.array(values, layout), binary_data=binary_data)
    return made


async def main(at: Asked) -> None:
    """Ask in both forms, and what is not there."""
    client = InferenceRESTClient(RESTConfig(protocol="v2"))
    assert await client.is_server_ready(at.url, headers=at.headers)
    assert await client.is_model_ready(at.url, at.model, headers=at.headers)
    seen: dict[str, Any] = {}
    for binary_data in (False, True):
        inputs = [tensor(name, values, binary_data=binary_data) for name, values in columns().items()]
        request = InferRequest(model_name=at.model, infer_inputs=inputs)
        answer = await client.infer(at.url, request, model_name=at.model, headers=dict(at.headers))
        seen["binary" if binary_data else "json"] = answer.outputs[0].as_numpy()
    matrix = InferInput(name="rows", shape=[len(NUMBERS), len(NUMBERS[0])], datatype="FP64")
    matrix.set_data_from_numpy(np.array(NUMBERS), binary_data=True)
    request = InferRequest(model_name=at.numbers, infer_inputs=[matrix])
    answer = await client.infer(at.url, request, model_name=at.numbers, headers=dict(at.headers))
    with refused("404"):
        await client.infer(at.url, request, model_name=MISSING, headers=dict(at.headers))
    tell(**seen, numbers=answer.outputs[0].as_numpy())


if __name__ == "__main__":
    asyncio.run(main(asked()))
