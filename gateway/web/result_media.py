"""What the media type that a worker gives of a result is as headers."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from typing import Final

from tasks.protocols.names import CODED, JSON_SIZE

#: The headers for the parameters of a result's media type.
HEADERS: Final = {JSON_SIZE: "Inference-Header-Content-Length", CODED: "Content-Encoding"}
#: Different media types that are remembered.
_REMEMBERED: Final = 256


@functools.lru_cache(_REMEMBERED)
def media_headers(media: str) -> tuple[str, Mapping[str, str]]:
    """The Content-Type of a result, and the headers that its parameters stand for."""
    name, *parameters = media.split(";")
    given = dict(parameter.split("=", 1) for parameter in parameters)
    return name, {HEADERS[key]: value for key, value in given.items()}
