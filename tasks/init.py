"""The task `tasks.init`: read data, check it, store it as the model's snapshot."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import msgspec
from celery import Task, shared_task

from tasks.contract import DEFAULT_ESTIMATOR, TASKS, Kind, Media
from tasks.errors import InvalidField, MalformedBody, ServiceError
from tasks.learning.init_query import check_alone, merged
from tasks.ledger.groups import Claim, Head
from tasks.ledger.outcomes import Outcome
from tasks.tables.malformed import parse
from tasks.tables.reading.hints import CsvOptions, csv_options
from tasks.worker.direct import run_direct
from tasks.worker.passed import passed_on
from tasks.worker.runner import WorkTask, run_claimed
from tasks.worker.runtime import Runtime
from tasks.worker.verdicts import succeeded

if TYPE_CHECKING:
    from tasks.learning.ingest import Request
    from tasks.tables.reading.forms import Form
    from tasks.tables.reading.result import Reading

#: A body that names a source has at most so many bytes.
SOURCE_BYTES: Final = 1024 * 1024


class SourceBody(msgspec.Struct, frozen=True):
    """The part of a JSON init body that is not a table."""

    source: str | None = None
    #: What of a database: a table, a query that the operator named, or SQL.
    table: str | None = None
    query: str | None = None
    sql: str | None = None
    target: str | None = None
    estimator: str | None = None
    options: dict[str, Any] = {}


class NamedSource(SourceBody, frozen=True, forbid_unknown_fields=True):
    """Such a body of which it is known that it names a source."""


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
    table: str | None = None,
    query: str | None = None,
    sql: str | None = None,
    rows: list[dict[str, Any]] | None = None,
    columns: dict[str, list[Any]] | None = None,
    csv: str | None = None,
    replace: bool = False,
    append: bool = False,
    dry_run: bool = False,
    upload: str = "",
) -> Any:
    """A group from the ledger; or a direct call with the data as `rows`, `columns`, `csv` text, a named `source` (of a
    database with its `table`, named `query` or `sql`), or the id of an `upload` that a dry run gave; none of them for
    an estimator that needs no rows.

    A direct call returns `{"model", "estimator", "target", "problem", "rows", "holdout_rows", "validation_rows",
    "columns", "fingerprint", "plan", "warnings"}`; with `dry_run`, which stores no snapshot, `{"model", "estimator",
    "target", "problem", "rows", "plan", "sample", "upload", "dry_run"}`. `replace`: a model in use may get another
    target, problem or other columns. `append`: the rows are added to those that the model has; `appended` says how many
    they are. `before`: the model's name, unless `model` gives it, or a result that has one.
    """
    if group is not None:
        return run_claimed(self, group, _run_group)
    given = {"rows": rows, "columns": columns, "csv": csv, "source": source, "upload": upload or None}
    data = {name: value for name, value in given.items() if value is not None}
    part = {name: value for name, value in (("table", table), ("query", query), ("sql", sql)) if value is not None}
    flags = {
        "replace": "true" if replace else "",
        "append": "true" if append else "",
        "dry_run": "true" if dry_run else "",
        "upload": upload,
    }
    head = Head(
        owner="",
        model=model or passed_on(before).get("model", ""),
        media=Media.JSON if csv is None else Media.CSV,
        query={
            "target": target,
            "estimator": estimator,
            "options": msgspec.json.encode(options or {}).decode(),
            **{name: value for name, value in flags.items() if value},
        },
    )

    def work(runtime: Runtime) -> Any:
        if part and source is None:
            raise InvalidField(f"{next(iter(part))} is of a source; name the source").at("/source")
        if len(data) > 1 or (not data and runtime.estimators.get(estimator).needs_rows):
            raise InvalidField("give the data as one of rows, columns, csv, source or upload")
        if upload or not data:
            return _initialised(runtime, head, b"")
        return _initialised(runtime, head, csv.encode() if csv is not None else msgspec.json.encode(data | part))

    return run_direct(self, work)


def _run_group(runtime: Runtime, claim: Claim) -> list[Outcome]:
    from tasks.tables.memory import give_back

    # The only reference to a body that may be large; it is not asked for again.
    outcome = succeeded(_initialised(runtime, claim.heads[0], claim.bodies.pop(), claim=claim))
    give_back()
    return [outcome]


def _initialised(runtime: Runtime, head: Head, sent: bytes, *, claim: Claim | None = None) -> dict[str, Any]:
    """What comes of a request with this head and body."""
    from tasks.learning import appending, ingest
    from tasks.tables.memory import uncollected

    head, sent, form = _meant(runtime, head, sent)
    check_alone("append", head.query)
    with uncollected():
        request, reading = _asked(runtime, head, form, claim)
        if "append" in head.query:
            del sent, form
            return appending.append(runtime, request, reading)
        if "dry_run" in head.query:
            return ingest.look_at(runtime, request, reading, head=head, body=sent)
        # What was sent may be as large as the table.
        del sent, form
        return ingest.initialise(runtime, request, reading)


def _asked(runtime: Runtime, head: Head, form: Form, claim: Claim | None) -> tuple[Request, Reading | None]:
    """(what is asked for, the data; None where there are none and the estimator needs none)."""
    from tasks.learning import ingest
    from tasks.sources.asked import Asked

    query = head.query
    named = _named(form.data)
    estimator = named.estimator or query.get("estimator") or DEFAULT_ESTIMATOR
    reading: Reading | None
    source = ""
    options, written = _csv_apart({**parse_options(query.get("options")), **named.options})
    if named.source is not None:
        asked = Asked(source=named.source, table=named.table or "", query=named.query or "", sql=named.sql or "")
        reading, source = ingest.from_source(runtime, asked, csv=written), asked.label
    elif not form.data and not runtime.estimators.get(estimator).needs_rows:
        reading = None
    else:
        sheet, form_type = query.get("sheet", ""), form.content_type
        append = "append" in query
        options, nested = ingest.meant(runtime, options, model=head.model, estimator=estimator, append=append)
        reading = ingest.from_body(form.data, form_type, sheet=sheet, csv=written, nested=nested, bounds=runtime.bounds)
    request = ingest.Request(
        model=head.model,
        target=named.target or query.get("target", ""),
        estimator=estimator,
        options=options,
        claim=claim,
        replace="replace" in query,
        source=source,
    )
    return request, reading


def _meant(runtime: Runtime, head: Head, sent: bytes) -> tuple[Head, bytes, Form]:
    """(the head, whose query has what a form says; the body as it came; the file in it) that a request means: its own,
    or those of the upload that it names. Raises InvalidField, NotFound."""
    form = _opened(runtime, head, sent)
    head = msgspec.structs.replace(head, query=merged(form.fields, head.query))
    upload = head.query.get("upload")
    if not upload:
        return head, sent, form
    if form.data:
        raise InvalidField("upload names the data; leave the body empty").at("?upload")
    # What a form said with that table is in the head that was kept.
    head, sent = runtime.uploads.sent(upload, asked=head)
    return head, sent, _opened(runtime, head, sent)


def _opened(runtime: Runtime, head: Head, sent: bytes) -> Form:
    from tasks.tables.reading.forms import opened
    from tasks.tables.unpacking import unpacked

    return opened(unpacked(sent, head.coding, runtime.bounds), head.said, instead="upload")


def _named(body: bytes) -> SourceBody:
    """What a body says that names a source; nothing of one that holds a table."""
    # Such a body is small, and no other has this key.
    if len(body) > SOURCE_BYTES or b'"source"' not in body or not body.lstrip().startswith(b"{"):
        return SourceBody()
    try:
        named = parse(body, SourceBody)
    except MalformedBody:
        return SourceBody()
    return parse(body, NamedSource) if named.source is not None else SourceBody()


def _csv_apart(options: dict[str, Any]) -> tuple[dict[str, Any], CsvOptions]:
    """(the options without `csv`, what that says). Raises InvalidField."""
    return {name: value for name, value in options.items() if name != "csv"}, csv_options(options.get("csv", {}))


def parse_options(text: str | None) -> dict[str, Any]:
    """The query parameter `options`, a JSON object. Raises InvalidField."""
    if not text:
        return {}
    try:
        return msgspec.json.decode(text, type=dict[str, Any])
    except msgspec.MsgspecError as error:
        raise InvalidField(f"options must be a JSON object: {error}").at("?options") from error
