"""`/v1/models/{model}/drift`: whether the rows of estimates look like those of training."""

from __future__ import annotations

import asyncio
from typing import Any

from falcon.asgi import Request, Response

from gateway.identity.auth import requires
from gateway.identity.scopes import VIEWING
from gateway.web.drift_documents import Planned, drift_document, read_plan
from gateway.web.parameters import single_values
from gateway.web.representations import show
from tasks.registry.descriptions import Descriptions
from tasks.registry.drift import Drift


class DriftResource:
    """The drift of a model."""

    def __init__(self, descriptions: Descriptions, drift: Drift) -> None:
        self._descriptions = descriptions
        self._drift = drift

    @requires(VIEWING)
    async def on_get(self, req: Request, resp: Response, model: str) -> None:
        """Samples of the last day beside the plan of the model's data. Raises UnknownModel."""
        single_values(req, known=())
        found = await asyncio.to_thread(self._read, model)
        resp.set_header("Cache-Control", "no-store")
        show(resp, found)

    def _read(self, model: str) -> dict[str, Any]:
        described = self._descriptions.model(model)
        plan = read_plan(described.plan) if described.plan else Planned()
        # A model of this name that was deleted had other rows.
        since = described.snapshot.created_at if described.snapshot else 0.0
        return drift_document([one for one in self._drift.samples(model) if one.at >= since], plan)
