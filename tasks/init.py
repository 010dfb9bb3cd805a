"""The task `tasks.init`: read data, check it, store it as the model's snapshot."""

from __future__ import annotations

from typing import Any

import msgspec
from celery import Task, shared_task

from tasks.contract import DEFAULT_ESTIMATOR, TASKS, Kind, Media
from tasks.errors import InvalidField, ServiceError
from tasks.ledger.groups import Claim, Outcome
from tasks.tables.malformed import parse
from tasks.worker.direct import run_direct
from tasks.worker.passed import passed_on
from tasks.worker.runner import WorkTask, run_claimed
from tasks.worker.runtime import Runtime
from tasks.worker.verdicts import succeeded


class SourceBody(msgspec.Struct, frozen=True):
    """The part of a JSON init body that is not a table."""

    source: str | None = None
    target: str | None = None
    estimator: str | None = None
    options: dict[str, Any] = {}


@shared_task(name=TASKS[Kind.INIT], base=WorkTask, bind=True, throws=(ServiceError,))  # type: ignore[untyped-decorator]
def init(
    self: Task,
    before: Any = None,
    /,
    *,
    group: str | None = None,
    model: str = "",
    target: str = "",
    estimator: str = DEFAULT_ESTIMATOR,
    options: dict[str, Any] | None = None,
    source: str | None = None,
    rows: list[dict[str, Any]] | None = None,
    columns: dict[str, list[Any]] | None = None,
    csv: str | None = None,
) -> Any:
    """A group from the ledger; or a direct call with the data as `rows`, `columns`, `csv` text or a named `source`.

    A direct call returns `{"model", "estimator", "target", "problem", "rows", "holdout_rows", "validation_rows",
    "columns", "fingerprint", "warnings"}`. `before`: the model's name, unless `model` gives it, or a result that has
    one.
    """
    from tasks.learning import ingest

    if group is not None:
        return run_claimed(self, group, _run_group)
    given = {"rows": rows, "columns": columns, "csv": csv, "source": source}
    model = model or passed_on(before).get("model", "")
    data = {name: value for name, value in given.items() if value is not None}

    def work(runtime: Runtime) -> Any:
        request = ingest.Request(model=model, target=target, estimator=estimator, options=options or {})
        if len(data) != 1:
            raise InvalidField("give the data as one of rows, columns, csv or source")
        if source is not None:
            return ingest.initialise(runtime, request, ingest.from_source(runtime, source))
        if csv is not None:
            return ingest.initialise(runtime, request, ingest.from_body(csv.encode(), Media.CSV, bounds=runtime.bounds))
        body = msgspec.json.encode(data)
        return ingest.initialise(runtime, request, ingest.from_body(body, Media.JSON, bounds=runtime.bounds))

    return run_direct(self, work)


def _run_group(runtime: Runtime, claim: Claim) -> list[Outcome]:
    from tasks.learning import ingest
    from tasks.tables.json_size import check_size
    from tasks.tables.unpacking import unpacked

    head = claim.heads[0]
    body = unpacked(claim.bodies[0], head.coding, runtime.bounds)
    query = dict(head.query)
    options = parse_options(query.get("options"))
    named = SourceBody()
    if head.media is Media.JSON:
        check_size(body, runtime.bounds)
        named = parse(body, SourceBody)
    if named.source is not None:
        table = ingest.from_source(runtime, named.source)
    else:
        table = ingest.from_body(body, head.media, bounds=runtime.bounds)
        named = SourceBody()
    request = ingest.Request(
        model=head.model,
        target=named.target or query.get("target", ""),
        estimator=named.estimator or query.get("estimator", DEFAULT_ESTIMATOR),
        options={**options, **named.options},
        claim=claim,
    )
    return [succeeded(ingest.initialise(runtime, request, table))]


def parse_options(text: str | None) -> dict[str, Any]:
    """The query parameter `options`, a JSON object. Raises InvalidField."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InvalidField(f"options must be a JSON object: {error}").at("?options") from error
