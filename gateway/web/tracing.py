"""The step of each traced request: from its header until its answer."""

from __future__ import annotations

from typing import Any

from falcon.asgi import Request, Response

from tasks.telemetry.traces import Step, Traces


class Tracing:
    """Falcon middleware; to be used only where something may be traced."""

    def __init__(self, traces: Traces) -> None:
        self._traces = traces

    async def process_request(self, req: Request, _resp: Response) -> None:
        """Called by Falcon before it looks for the route."""
        header = req.get_header("traceparent")
        req.context.step = self._traces.request(method=req.method, path=req.path, traceparent=header)

    async def process_response(self, req: Request, resp: Response, _resource: Any, _succeeded: bool) -> None:
        """Called by Falcon for every answer."""
        step: Step = req.context.step
        step.end(status=resp.status_code, name=f"{req.method} {req.uri_template or 'unknown'}")


def trace_of(req: Request) -> str:
    """The `traceparent` of what comes of this request; empty if it is not traced."""
    step: Step | None = getattr(req.context, "step", None)
    return step.parent if step is not None else ""
