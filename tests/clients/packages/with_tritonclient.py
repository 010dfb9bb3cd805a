"""tritonclient over HTTP, with gevent and with asyncio, in its default binary form and in JSON."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import tritonclient.http as triton  # type: ignore[import-not-found]
import tritonclient.http.aio as triton_aio  # type: ignore[import-not-found]
from asking import MISSING, NUMBERS, Asked, asked, columns, refused, tell  # type: ignore[import-not-found]

#: The datatype of each column.
DATATYPES = {"x": "FP64", "kind": "BYTES", "flag": "BOOL"}
LAYOUTS: dict[str, Any] = {"FP64": np.float64, "BYTES": object, "BOOL": bool}
#: How requests are made, by the name under which it is told.
FORMS: dict[str, dict[str, Any]] = {
    "binary": {},
    "json": {"binary_data": False},
}


def column_inputs(module: Any, *, binary_data: bool = True) -> list[Any]:
    """A tensor for each column."""
    return [
        made(module, name, np.array(values, LAYOUTS[DATATYPES[name]]), DATATYPES[name], binary_data=binary_data)
        for name, values in columns().items()
    ]


def made(module: Any, name: str, values: Any, datatype: str, *, binary_data: bool = True) -> Any:
    """A tensor."""
    tensor = module.InferInput(name, list(values.shape), datatype)
    tensor.set_data_from_numpy(values, binary_data=binary_data)
    return tensor


def with_gevent(at: Asked) -> dict[str, Any]:
    """What the client that others are made like sees."""
    seen: dict[str, Any] = {}
    with triton.InferenceServerClient(at.place) as client:
        assert client.is_server_live(headers=at.headers)
        assert client.is_server_ready(headers=at.headers)
        assert client.is_model_ready(at.model, headers=at.headers)
        assert not client.is_model_ready(MISSING, headers=at.headers)
        assert "binary_tensor_data" in client.get_server_metadata(headers=at.headers)["extensions"]
        described = client.get_model_metadata(at.model, headers=at.headers)
        assert [one["name"] for one in described["inputs"]] == [*columns()], described
        assert at.model in [one["name"] for one in client.get_model_repository_index(headers=at.headers)]
        for form, options in FORMS.items():
            found = client.infer(at.model, column_inputs(triton, **options), headers=at.headers)
            seen[form] = found.as_numpy("prediction")
            wanted = [triton.InferRequestedOutput("prediction", **options)]
            again = client.infer(
                at.model, column_inputs(triton, **options), model_version="1", outputs=wanted, headers=at.headers
            )
            seen[f"{form}_named"] = again.as_numpy("prediction")
        for datatype, layout in (("FP64", np.float64), ("FP32", np.float32)):
            matrix = [made(triton, "rows", np.array(NUMBERS, layout), datatype)]
            for coding in (None, "gzip", "deflate"):
                found = client.infer(
                    at.numbers,
                    matrix,
                    headers=dict(at.headers),
                    query_params={"lane": "high"},
                    request_compression_algorithm=coding,
                    response_compression_algorithm=coding,
                )
                seen[f"numbers_{datatype}_{coding}"] = found.as_numpy("prediction")
        with refused("[404]", MISSING):
            client.infer(MISSING, column_inputs(triton), headers=at.headers)
    return seen


async def with_asyncio(at: Asked) -> dict[str, Any]:
    """What the client for an event loop sees."""
    seen: dict[str, Any] = {}
    async with triton_aio.InferenceServerClient(at.place) as client:
        assert await client.is_server_ready(headers=at.headers)
        assert (await client.get_model_metadata(at.model, headers=at.headers))["name"] == at.model
        for form, options in FORMS.items():
            found = await client.infer(at.model, column_inputs(triton_aio, **options), headers=at.headers)
            seen[f"aio_{form}"] = found.as_numpy("prediction")
        matrix = [made(triton_aio, "rows", np.array(NUMBERS), "FP64")]
        for coding in ("gzip", "deflate"):
            found = await client.infer(
                at.numbers,
                matrix,
                headers=dict(at.headers),
                request_compression_algorithm=coding,
                response_compression_algorithm=coding,
            )
            seen[f"numbers_aio_{coding}"] = found.as_numpy("prediction")
        with refused("[404]", MISSING):
            await client.infer(MISSING, column_inputs(triton_aio), headers=at.headers)
    return seen


if __name__ == "__main__":
    AT = asked()
    tell(**with_gevent(AT), **asyncio.run(with_asyncio(AT)))
