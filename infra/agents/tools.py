"""The tools. Each asks the gateway once, and gives what that said; an error is what it complained of."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Literal

import msgspec
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.exceptions import ToolError
from mcp_types import ToolAnnotations
from pydantic import Field

from infra.agents.api import Api, Headers
from tasks.contract import Kind

#: How long a tool waits for work to end, if nothing is said (seconds).
WAIT_SECONDS: Final = 30.0
#: How many models are listed, if nothing is said, and at most.
LISTED: Final = 50
MOST_LISTED: Final = 200
#: A name of a model, a version or a task.
NAME: Final = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9._-]{0,199}", re.ASCII)

Model = Annotated[str, Field(description="The name of a model: letters, digits, _ and -.")]
Rows = Annotated[list[dict[str, Any]], Field(description="Rows, each an object of values by column.", min_length=1)]
Version = Annotated[
    int | str | None, Field(description="A version, by number or alias; if none is given the one that answers now.")
]
Wait = Annotated[float, Field(description="Seconds to wait for the end; after that `status` tells more.", ge=0)]


class Tools:
    """The tools of one service."""

    def __init__(self, api: Api) -> None:
        self._api = api

    def offer(self, server: MCPServer) -> None:
        """Let the server offer them."""
        reading: tuple[Callable[..., Any], ...] = (self.list_models, self.describe, self.status)
        working: tuple[Callable[..., Any], ...] = (self.init, self.train, self.estimate, self.explain)
        for tool in reading:
            server.add_tool(tool, annotations=ToolAnnotations(read_only_hint=True, open_world_hint=False))
        for tool in working:
            server.add_tool(tool, annotations=ToolAnnotations(destructive_hint=False, open_world_hint=False))

    async def list_models(
        self,
        ctx: Context,
        tag: Annotated[str | None, Field(description="Only those with this tag: NAME, or NAME=VALUE.")] = None,
        after: Annotated[str | None, Field(description="The name after which the list goes on.")] = None,
        limit: Annotated[int, Field(ge=1, le=MOST_LISTED)] = LISTED,
    ) -> dict[str, Any]:
        """List the models that this account may see, by name; `next` is there if there are more."""
        return await self._get("/v1/models", ctx, tag=tag, after=after, limit=limit)

    async def describe(
        self,
        ctx: Context,
        model: Model,
        version: Annotated[
            int | str | None, Field(description="A version, by number or alias; if none is given the whole model.")
        ] = None,
    ) -> dict[str, Any]:
        """Describe a model: its columns, target, versions and their metrics; or one version with all that is known."""
        return await self._get(_path(model) if version is None else f"{_path(model)}/versions/{_named(version)}", ctx)

    async def init(
        self,
        ctx: Context,
        model: Model,
        target: Annotated[str | None, Field(description="The column to learn; not needed to append.")] = None,
        rows: Annotated[list[dict[str, Any]] | None, Field(description="The table, each row an object.")] = None,
        csv: Annotated[str | None, Field(description="Or the table as CSV, with a line of column names.")] = None,
        source: Annotated[
            dict[str, Any] | None,
            Field(description="Or data that the operator named: {source: NAME}, of a database with table or query."),
        ] = None,
        estimator: Annotated[str | None, Field(description="What learns; `lightgbm` for a new model.")] = None,
        options: Annotated[
            dict[str, Any] | None, Field(description="Such as {problem: binary, columns: {customer: key}}.")
        ] = None,
        append: Annotated[bool, Field(description="Add the rows to those that the model has.")] = False,
        replace: Annotated[bool, Field(description="Give a model in use data of another shape.")] = False,
        wait_seconds: Wait = WAIT_SECONDS,
    ) -> dict[str, Any]:
        """Give a model the table that it learns from, at least 10 rows: it is checked and kept. `train` comes next.

        Tables of more than 100 kB go through a source, or the service's HTTP API.
        """
        body, media = _table(rows, csv, source, target)
        query = {
            "target": None if source is not None else target,
            "estimator": estimator,
            "options": None if options is None else msgspec.json.encode(options).decode(),
            "append": append or None,
            "replace": replace or None,
        }
        return await self._work(Kind.INIT, model, ctx, body=body, media=media, query=query, wait_seconds=wait_seconds)

    async def train(
        self,
        ctx: Context,
        model: Model,
        params: Annotated[
            dict[str, Any] | None, Field(description="Of the estimator, such as {num_iterations: 100}.")
        ] = None,
        promote: Annotated[
            Literal["always", "if_better", "never"], Field(description="Whether the version answers from then on.")
        ] = "always",
        wait_seconds: Wait = WAIT_SECONDS,
    ) -> dict[str, Any]:
        """Train a new version on the model's latest table, and measure it on rows that were kept back."""
        body = msgspec.json.encode({"params": params or {}, "promote": promote})
        return await self._work(Kind.TRAIN, model, ctx, body=body, wait_seconds=wait_seconds)

    async def estimate(
        self, ctx: Context, model: Model, rows: Rows, version: Version = None, wait_seconds: Wait = WAIT_SECONDS
    ) -> dict[str, Any]:
        """Predict the target of rows."""
        return await self._estimate(model, rows, ctx, query={"version": version}, wait_seconds=wait_seconds)

    async def explain(
        self, ctx: Context, model: Model, rows: Rows, version: Version = None, wait_seconds: Wait = WAIT_SECONDS
    ) -> dict[str, Any]:
        """Predict the target of rows, and tell what each column contributes to each prediction."""
        query = {"version": version, "explain": True}
        return await self._estimate(model, rows, ctx, query=query, wait_seconds=wait_seconds)

    async def status(
        self,
        ctx: Context,
        task: Annotated[str, Field(description="The id of a task, as other tools give it.")],
        wait_seconds: Wait = 0.0,
    ) -> dict[str, Any]:
        """Tell the state of a task, how far it is, and its result or its error when it is over."""
        return await self._get(f"/v1/tasks/{_named(task)}", ctx, wait_seconds=wait_seconds)

    async def _get(self, path: str, ctx: Context, *, wait_seconds: float | None = None, **query: Any) -> dict[str, Any]:
        answer = await self._api.ask("GET", path, caller=_caller(ctx), query=query, wait_seconds=wait_seconds)
        return dict(answer.document)

    async def _estimate(
        self, model: str, rows: Sequence[Any], ctx: Context, *, query: dict[str, Any], wait_seconds: float
    ) -> dict[str, Any]:
        body = msgspec.json.encode({"rows": rows})
        return await self._work(Kind.ESTIMATE, model, ctx, body=body, query=query, wait_seconds=wait_seconds)

    async def _work(
        self,
        kind: Kind,
        model: str,
        ctx: Context,
        *,
        body: bytes,
        wait_seconds: float,
        media: str = "application/json",
        query: dict[str, Any] | None = None,
    ) -> dict[str, Any]:
        """What came of the work: its task, its state, and its result if it has ended."""
        answer = await self._api.ask(
            "POST",
            f"{_path(model)}/{kind}",
            caller=_caller(ctx),
            query=query,
            body=body,
            media=media,
            wait_seconds=wait_seconds,
        )
        task = answer.location.rpartition("/")[2]
        if answer.status == 200:
            return {"task": task, "state": "succeeded", "result": answer.document}
        return {"task": task, "state": answer.document["state"], "next": f"call status with task {task}"}


def _caller(ctx: Context) -> Headers:
    return ctx.headers or {}


def _named(given: str | int) -> str:
    # It becomes a part of a path, and of no other than that.
    if not NAME.fullmatch(str(given)):
        raise ToolError(f"{str(given)[:80]!r} cannot be a name: it may have letters, digits, '.', '_' and '-'")
    return str(given)


def _path(model: str) -> str:
    return f"/v1/models/{_named(model)}"


def _table(
    rows: Sequence[Any] | None, csv: str | None, source: dict[str, Any] | None, target: str | None
) -> tuple[bytes, str]:
    """The body of an init, and its type. Raises ToolError unless one of the three is given."""
    if sum(one is not None for one in (rows, csv, source)) != 1:
        raise ToolError("give the table in one way: rows, csv or source")
    if csv is not None:
        return csv.encode(), "text/csv"
    if source is not None:
        return msgspec.json.encode({**source, **({} if target is None else {"target": target})}), "application/json"
    return msgspec.json.encode({"rows": rows}), "application/json"
