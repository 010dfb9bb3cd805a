"""How work is asked for: the same words for every client, and the same as over HTTP."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, Generic, TypeVar, Unpack

from tasks.calling.arrow_tables import ArrowTable, is_table
from tasks.calling.request import Request, body_of, encode, lane_of, media_of
from tasks.contract import (
    CURRENT,
    DEFAULT_ESTIMATOR,
    EXPORT,
    FORM_KINDS,
    SAFE,
    Form,
    Kind,
    Lane,
    Media,
    Promote,
)
from tasks.errors import InvalidField
from tasks.registry.import_queries import Said, import_query
from tasks.registry.names import check_name, form_of
from tasks.tables.conforming.ways import query_of

#: What comes of a submit.
Submitted = TypeVar("Submitted")


class Submitting(ABC, Generic[Submitted]):
    """Submits work. Each method returns a handle, which an AsyncClient's caller awaits.

    `idempotency_key`: two requests with the same key are one piece of work; without one, each call is its own.
    """

    @abstractmethod
    def _submit(self, request: Request) -> Submitted: ...

    def init(
        self,
        model: str,
        *,
        target: str = "",
        rows: Sequence[dict[str, Any]] | ArrowTable | None = None,
        data: bytes | ArrowTable | None = None,
        media: Media | str = Media.CSV,
        source: str | None = None,
        table: str | None = None,
        query: str | None = None,
        sql: str | None = None,
        upload: str | None = None,
        estimator: str = DEFAULT_ESTIMATOR,
        options: dict[str, Any] | None = None,
        sheet: str = "",
        replace: bool = False,
        append: bool = False,
        dry_run: bool = False,
        lane: Lane | str = Lane.NORMAL,
        deadline_seconds: float | None = None,
        idempotency_key: str = "",
    ) -> Submitted:
        """Ingest a table: `rows` as dicts, `data` as a table of pandas, polars, pyarrow or whatever else speaks Arrow,
        or as bytes of a media type, a named `source` of the operator (of a database with a `table`, a named `query` or
        `sql`), or the id of an `upload` that a dry run gave; `sheet` names one of a workbook. A `dry_run`, which needs
        no target, tells what would be made of the table and stores no snapshot; `replace` lets a model in use get
        another target, problem or other columns; `append` adds the rows to those that the model has. An estimator that
        needs no rows may be given none."""
        parts = {name: part for name, part in (("table", table), ("query", query), ("sql", sql)) if part is not None}
        if parts and source is None:
            raise InvalidField(f"{next(iter(parts))} is of a source; name the source")
        given = sum(part is not None for part in (rows, data, source, upload))
        if given > 1 or (not given and estimator == DEFAULT_ESTIMATOR):
            raise InvalidField("give the data as one of rows, data, source or upload")
        body, media = body_of(rows=rows, data=data, media=media)
        if source is not None:
            body = encode({"source": source, **parts})
        flags = (("replace", replace), ("append", append), ("dry_run", dry_run))
        return self._submit(
            Request(
                kind=Kind.INIT,
                model=check_name(model),
                body=body,
                media=media,
                query={
                    **({"target": target} if target else {}),
                    **({"sheet": sheet} if sheet else {}),
                    "estimator": estimator,
                    "options": encode(options or {}).decode(),
                    **{name: "true" for name, said in flags if said},
                    **({"upload": upload} if upload is not None else {}),
                },
                lane=lane_of(lane),
                deadline_seconds=deadline_seconds,
                idempotency_key=idempotency_key,
            )
        )

    def train(
        self,
        model: str,
        *,
        params: dict[str, Any] | None = None,
        promote: Promote | str = Promote.ALWAYS,
        search: dict[str, Any] | None = None,
        from_version: int | str | None = None,
        predict_seconds: float | None = None,
        distributed: bool | dict[str, Any] | None = None,
        lane: Lane | str = Lane.NORMAL,
        deadline_seconds: float | None = None,
        idempotency_key: str = "",
    ) -> Submitted:
        """Train a version on the latest data. `search`, {"seconds": 60} say, looks for better params first.
        `from_version`: a version, by number or alias, that the fit goes on from. `predict_seconds` bounds the
        model, so that it takes no longer for a row that is asked alone. `distributed`, True or {"workers": 4}, fits
        over the workers of the operator's Dask cluster."""
        wishes = {
            "search": search,
            "from_version": from_version,
            "predict_seconds": predict_seconds,
            "distributed": distributed,
        }
        said = {name: value for name, value in wishes.items() if value is not None}
        return self._submit(
            Request(
                kind=Kind.TRAIN,
                model=check_name(model),
                body=encode({"params": params or {}, "promote": promote, **said}),
                lane=lane_of(lane),
                deadline_seconds=deadline_seconds,
                idempotency_key=idempotency_key,
            )
        )

    def estimate(
        self,
        model: str,
        *,
        rows: Sequence[Any] | ArrowTable | None = None,
        columns: dict[str, Sequence[Any]] | None = None,
        data: bytes | ArrowTable | None = None,
        media: Media | str = Media.ARROW,
        accept: Media | str | None = None,
        version: int | str | None = None,
        explain: bool = False,
        sheet: str = "",
        spreadsheet: str = "",
        unknown: str = "",
        missing: str = "",
        keep: Sequence[str] = (),
        interval: float | None = None,
        lane: Lane | str = Lane.NORMAL,
        deadline_seconds: float | None = None,
        idempotency_key: str = "",
    ) -> Submitted:
        """Predict `rows` (lists or dicts), `columns`, or `data` as a table of pandas, polars or pyarrow, or as bytes of
        a media type (`sheet` names one of a workbook); `explain` tells what each column adds; `spreadsheet="safe"` has
        a result in CSV hold no text that a spreadsheet would compute. `accept`: the media type of the result; unless it
        is said, Arrow for a table, which `handle.table` reads, and JSON for all else.

        Columns that the model does not know are ignored, and typical values stand for those that are missing; `notes`
        of the result say so. `unknown="refuse"` and `missing="refuse"` have such rows refused. `keep` names columns
        that come back with the result. `interval`, 0.9 say, adds an interval to each prediction, or a set of classes,
        that has the truth in it so often."""
        if sum(part is not None for part in (rows, columns, data)) != 1:
            raise InvalidField("give the data as one of rows, columns or data")
        if spreadsheet not in ("", SAFE):
            raise InvalidField(f"spreadsheet must be {SAFE!r}, or be left out, not {spreadsheet!r}")
        usual = Media.ARROW if is_table(rows) or is_table(data) else Media.JSON
        body, media = body_of(rows=rows, columns=columns, data=data, media=media)
        return self._submit(
            Request(
                kind=Kind.ESTIMATE,
                model=check_name(model),
                body=body,
                media=media,
                accept=media_of("accept", accept or usual),
                query={
                    **({"version": str(version)} if version is not None else {}),
                    **({"explain": "true"} if explain else {}),
                    **({"sheet": sheet} if sheet else {}),
                    **({"spreadsheet": spreadsheet} if spreadsheet else {}),
                    **query_of(unknown=unknown, missing=missing, keep=keep),
                    **({"interval": str(interval)} if interval is not None else {}),
                },
                lane=lane_of(lane),
                deadline_seconds=deadline_seconds,
                idempotency_key=idempotency_key,
            )
        )

    def export(
        self,
        model: str,
        *,
        version: int | str = CURRENT,
        form: Form | str = Form.ZIP,
        lane: Lane | str = Lane.NORMAL,
    ) -> Submitted:
        """A version (a number or an alias) with all that is known of it, as one zip, or the model alone as `onnx`: the
        result is the bytes."""
        form = form_of(form)
        query = {EXPORT: form.value, "version": str(version)}
        return self._submit(Request(kind=FORM_KINDS[form], model=check_name(model), query=query, lane=lane_of(lane)))

    def import_model(
        self, model: str, data: bytes, *, lane: Lane | str = Lane.NORMAL, **said: Unpack[Said]
    ) -> Submitted:
        """Make a version of a zip: one that `export` gave, a folder of MLflow, or LightGBM's text (`model.txt`) with a
        schema (`schema.json`). `Said` is what may be said of it; `source`, where it comes from, must be. Through Redis
        alone: over HTTP nothing is brought in."""
        return self._submit(
            Request(
                kind=Kind.TRAIN,
                model=check_name(model),
                body=data,
                media=Media.BYTES,
                query=import_query(**said),
                lane=lane_of(lane),
            )
        )
