"""MLflow's scoring protocol: `POST /v1/models/{model}/invocations`, and `/invocations` of the default model."""

from __future__ import annotations

from operator import attrgetter
from typing import Final

from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.resources.immediate import Immediate
from gateway.resources.submitting import PARAMETERS, query_of
from gateway.web.headers import body_type, content_coding
from tasks.contract import Kind, Media
from tasks.ledger.telling import ASKED
from tasks.registry.names import check_name

#: The query parameters that are read, beside those of every submit.
KNOWN: Final = PARAMETERS[Kind.ESTIMATE] - {"spreadsheet", ASKED}


class InvocationsResource:
    """Estimates in the forms of MLflow, in JSON that has `predictions`."""

    def __init__(self, immediate: Immediate) -> None:
        self._immediate = immediate

    @requires("estimate")
    async def on_post(self, req: Request, resp: Response, model: str) -> None:
        """200 with the estimate as JSON, or the error; never 202."""
        await invoke(self._immediate, req, resp, check_name(model))


class DefaultInvocationsResource:
    """The same of the model that the settings name."""

    def __init__(self, immediate: Immediate, model: str) -> None:
        self.model = model
        self._immediate = immediate

    @requires("estimate", model=attrgetter("model"))
    async def on_post(self, req: Request, resp: Response) -> None:
        """200 with the estimate as JSON, or the error; never 202."""
        await invoke(self._immediate, req, resp, self.model)


async def invoke(immediate: Immediate, req: Request, resp: Response, model: str) -> None:
    """Answer an invocation of a model."""
    _, said = body_type(req.content_type)
    await immediate.answer(
        req,
        resp,
        model=model,
        media=Media.INVOCATION,
        content_type=said or req.content_type or "",
        coding=content_coding(req.get_header("Content-Encoding")),
        query=query_of(req, known=KNOWN),
    )
