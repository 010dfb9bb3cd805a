"""The task `tasks.estimate`: predict the rows of a whole group of requests at once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec
from celery import Task, shared_task

from tasks.contract import EXPORT, SAFE, TASKS, Kind
from tasks.errors import InvalidField, ServiceError
from tasks.ledger.counts import noted
from tasks.ledger.groups import Claim, Current
from tasks.ledger.outcomes import Outcome
from tasks.ledger.work_counts import ROWS
from tasks.tables.conforming.ways import query_of
from tasks.worker.direct import run_direct
from tasks.worker.passed import passed_on
from tasks.worker.runner import WorkTask, run_claimed
from tasks.worker.runtime import Runtime
from tasks.worker.verdicts import raised


def _run_group(runtime: Runtime, claim: Claim) -> list[Outcome]:
    if EXPORT in claim.heads[0].query:
        from tasks.exchange.exporting import export_group

        return export_group(runtime, claim)
    from tasks.learning import predicting

    requests = [
        predicting.Request(
            model=head.model,
            version=_version(head.query.get("version")),
            media=head.media,
            content_type=head.content_type,
            sheet=head.query.get("sheet", ""),
            coding=head.coding,
            accept=head.accept,
            explain=head.query.get("explain") == "true",
            spreadsheet=head.query.get("spreadsheet") == SAFE,
            query=head.query,
            body=body,
        )
        for head, body in zip(claim.heads, claim.bodies, strict=True)
    ]
    return predicting.answer(runtime, requests, currents=claim.currents)


@shared_task(  # type: ignore[untyped-decorator]
    name=TASKS[Kind.ESTIMATE],
    base=WorkTask,
    bind=True,
    throws=(ServiceError,),
    work_on_group=staticmethod(_run_group),
)
def estimate(
    self: Task,
    before: Any = None,
    /,
    *,
    group: str | None = None,
    model: str = "",
    rows: list[Any] | None = None,
    columns: dict[str, list[Any]] | None = None,
    version: int | str | None = None,
    explain: bool = False,
    unknown: str | None = None,
    missing: str | None = None,
    keep: Sequence[str] | str | None = None,
    interval: float | None = None,
    spreadsheet: str | None = None,
) -> Any:
    """A group from the ledger; or a direct call with `rows` or `columns`, which returns `{"model", "version",
    "predictions"}`, for classes also `"probabilities"` and `"classes"`, with `explain` also `"raw"` and
    `"contributions"`, with keys or `keep` also `"kept"`, and `"notes"` if anything was done with the rows.

    `unknown`, `missing`, `keep` (names, or a line of CSV with them), `interval` and `spreadsheet` are those of the HTTP
    interface; the last one changes no JSON, and so nothing here.

    `before`: the model's name, or the result of the step before in a chain, of whose model and version this one is
    unless a keyword names another.
    """
    from tasks.learning import predicting

    if group is not None:
        return run_claimed(self, group, _run_group)
    passed = passed_on(before)
    model = model or passed.get("model", "")
    if version is None and model == passed.get("model"):
        version = passed.get("version")
    data = {name: value for name, value in {"rows": rows, "columns": columns}.items() if value is not None}

    def work(runtime: Runtime) -> Any:
        if len(data) != 1:
            raise InvalidField("give the data as one of rows or columns")
        body = msgspec.json.encode(data)
        if spreadsheet not in (None, SAFE):
            raise InvalidField(f"spreadsheet must be {SAFE!r}, or be left out, not {spreadsheet!r}")
        query = query_of(unknown=unknown, missing=missing, keep=keep)
        if interval is not None:
            query["interval"] = str(interval)
        request = predicting.Request(model=model, version=version, body=body, explain=explain, query=query)
        current = runtime.registry.current(model)
        outcome = predicting.answer(runtime, [request], currents={model: Current(current, "")} if current else {})[0]
        if outcome.media != "application/json":
            raise raised(outcome)
        runtime.ledger.count({ROWS: outcome.rows, **noted(model, outcome)})
        return msgspec.json.decode(outcome.body)

    return run_direct(self, work)


def _version(text: str | None) -> int | str | None:
    """A version's number, or an alias."""
    return int(text) if text and text.isdigit() else text
