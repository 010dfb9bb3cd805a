"""Inference by the Open Inference Protocol, v2: `POST /v2/models/{model}[/versions/{version}]/infer`."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

from falcon.asgi import Request, Response

from gateway.commit.known_requests import Fields
from gateway.identity.auth import requires
from gateway.resources.immediate import Immediate
from gateway.resources.submitting import PARAMETERS, names_version, query_of
from gateway.web.headers import content_coding
from tasks.contract import CURRENT, MODEL_NAME, Coding, Kind, Media
from tasks.errors import UnknownModel, UnknownVersion
from tasks.ledger.telling import ASKED
from tasks.protocols.names import COMPRESS, JSON_SIZE_IS

#: The query parameters that are read, beside those of every submit.
KNOWN: Final = PARAMETERS[Kind.ESTIMATE] - {"version", "sheet", "spreadsheet", ASKED}
#: How results are compressed for who asks for that alone: others say what they take of anything, and then cannot read
#: it of an error.
COMPRESSED: Final = (Coding.GZIP, Coding.DEFLATE)
#: How many of the body's first bytes are JSON.
SIZE: Final = b"inference-header-content-length"
#: Most digits of such a number.
SIZE_DIGITS: Final = 15
#: Different sizes that are remembered.
_REMEMBERED: Final = 1024


class InferResource:
    """Estimates rows that come as tensors."""

    def __init__(self, immediate: Immediate) -> None:
        self._immediate = immediate

    @requires("estimate")
    async def on_post(self, req: Request, resp: Response, model: str, version: str | None = None) -> None:
        """200 with the outputs, or the error; never 202."""
        query = query_of(req, known=KNOWN)
        if version not in (None, CURRENT):
            query["version"] = checked_version(model, version)
        if compressed := _compressed(req.get_header("Accept-Encoding")):
            query[COMPRESS] = compressed.value
        await self._immediate.answer(
            req,
            resp,
            model=checked_model(model),
            media=Media.INFERENCE,
            coding=content_coding(req.get_header("Content-Encoding"), Coding.DEFLATE),
            query=query,
            told=sized,
        )


def checked_model(model: str) -> str:
    """The name, if a model may be called that. Raises UnknownModel."""
    if MODEL_NAME.fullmatch(model) is None:
        raise UnknownModel(f"there is no model {model[:80]!r}")
    return model


def checked_version(model: str, version: str) -> str:
    """The version's number or alias, if there may be one. Raises UnknownVersion."""
    if not names_version(version):
        raise UnknownVersion(f"the model {model[:80]} has no version {version[:40]!r}")
    return version


def sized(fields: Fields) -> dict[str, str]:
    """What the head has of the request with these fields, which may say how much of its body is JSON."""
    size = fields.get(SIZE)
    return _saying(size) if size else {}


@lru_cache(_REMEMBERED)
def _saying(size: bytes) -> dict[str, str]:
    """The same for this field, of which most requests have one of a few."""
    if not (size.isdigit() and len(size) <= SIZE_DIGITS):
        return {}
    return {"content_type": f"{Media.INFERENCE.value}{JSON_SIZE_IS}{int(size)}"}


def _compressed(accept: str | None) -> Coding | None:
    said = (accept or "").strip().lower()
    return Coding(said) if said in COMPRESSED else None
