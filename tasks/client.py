"""The Python API for other services: `Client().train(...)` returns a handle of durable work.

client = Client()
client.init("housing", rows=rows, target="price").result(timeout=60)
client.train("housing", params={"learning_rate": 0.05}).result(timeout=600)
client.estimate("housing", rows=rows).result(timeout=10)["predictions"]
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

import msgspec

from tasks.config.home import find
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
    State,
)
from tasks.errors import InvalidField
from tasks.ledger.backpressure import Backpressure
from tasks.ledger.groups import Group, Head, Owner, Task, new_group_id, parse_handle
from tasks.ledger.outcomes import Outcome
from tasks.ledger.store import Ledger
from tasks.ledger.task_lists import Filter
from tasks.registry.import_queries import Said, import_query
from tasks.registry.models import Models
from tasks.registry.names import check_name, form_of
from tasks.storage.connection import answering, connect
from tasks.storage.redis_clock import redis_time
from tasks.storage.stores import open_blobs
from tasks.tables.conforming.ways import query_of
from tasks.watch.following import Follower
from tasks.watch.handle import Handle


class Client:
    """Submits work to the service that uses this Redis.

    To submit raises Unavailable while too much waits in the lane, or Redis has little memory left.
    """

    def __init__(self, redis_url: str | None = None, *, owner: str = "python") -> None:
        """The service is found as the command line finds it. What comes first counts: `redis_url`; REDIS_URL; the
        service that `mlservice up` started in the home that MLSERVICE_HOME names, or in `.mlservice` in the working
        folder; a file of configuration. With a URL, MLSERVICE_BLOBS_URL says where its workers look for large
        bodies, if not in Redis; `mlservice env` prints both.

        `owner`: whose work it is. Raises Unavailable if nothing says where the service is.
        """
        settings = find(redis_url)
        self._redis = connect(settings)
        self._owner = owner
        blobs = open_blobs(settings.blobs_url, self._redis)
        self.ledger = Ledger(self._redis, blobs, settings=settings)
        self._follower = Follower(self._redis, self.ledger)
        self.history = self._follower.history
        self._pressure = Backpressure(self._redis, settings)
        #: Looks after models: lists, describes, notes, promotes, deletes them.
        self.models = Models(self._redis, blobs, who=owner)

    def init(
        self,
        model: str,
        *,
        target: str = "",
        rows: Sequence[dict[str, Any]] | None = None,
        data: bytes | None = None,
        media: Media = Media.CSV,
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
        lane: Lane = Lane.NORMAL,
        deadline_seconds: float | None = None,
    ) -> Handle:
        """Ingest a table: `rows` as dicts, `data` as bytes of a media type, a named `source` of the operator (of a
        database with a `table`, a named `query` or `sql`), or the id of an `upload` that a dry run gave; `sheet` names
        one of a workbook. A `dry_run`, which needs no target, tells what would be made of the table and stores no
        snapshot; `replace` lets a model in use get another target, problem or other columns; `append` adds the rows to
        those that the model has. An estimator that needs no rows may be given none."""
        parts = {name: part for name, part in (("table", table), ("query", query), ("sql", sql)) if part is not None}
        if parts and source is None:
            raise InvalidField(f"{next(iter(parts))} is of a source; name the source")
        given = sum(part is not None for part in (rows, data, source, upload))
        if given > 1 or (not given and estimator == DEFAULT_ESTIMATOR):
            raise InvalidField("give the data as one of rows, data, source or upload")
        said = {"rows": rows} if rows is not None else {"source": source, **parts}
        body = data if data is not None else _encode(said) if given and upload is None else b""
        head = Head(
            owner=self._owner,
            model=check_name(model),
            media=media if data is not None else Media.JSON,
            deadline=self._until(deadline_seconds),
            query={
                **({"target": target} if target else {}),
                **({"sheet": sheet} if sheet else {}),
                "estimator": estimator,
                "options": _encode(options or {}).decode(),
                **({"replace": "true"} if replace else {}),
                **({"append": "true"} if append else {}),
                **({"dry_run": "true"} if dry_run else {}),
                **({"upload": upload} if upload is not None else {}),
            },
        )
        return self._submit(Kind.INIT, lane, head=head, body=body)

    def train(
        self,
        model: str,
        *,
        params: dict[str, Any] | None = None,
        promote: Promote | str = Promote.ALWAYS,
        search: dict[str, Any] | None = None,
        from_version: int | str | None = None,
        predict_seconds: float | None = None,
        lane: Lane = Lane.NORMAL,
        deadline_seconds: float | None = None,
    ) -> Handle:
        """Train a version on the latest data. `search`, {"seconds": 60} say, looks for better params first.
        `from_version`: a version, by number or alias, that the fit goes on from. `predict_seconds` bounds the
        model, so that it takes no longer for a row that is asked alone."""
        wishes = {"search": search, "from_version": from_version, "predict_seconds": predict_seconds}
        said = {name: value for name, value in wishes.items() if value is not None}
        body = _encode({"params": params or {}, "promote": promote, **said})
        head = Head(owner=self._owner, model=check_name(model), deadline=self._until(deadline_seconds))
        return self._submit(Kind.TRAIN, lane, head=head, body=body)

    def estimate(
        self,
        model: str,
        *,
        rows: Sequence[Any] | None = None,
        columns: dict[str, Sequence[Any]] | None = None,
        data: bytes | None = None,
        media: Media = Media.ARROW,
        accept: Media = Media.JSON,
        version: int | str | None = None,
        explain: bool = False,
        sheet: str = "",
        spreadsheet: str = "",
        unknown: str = "",
        missing: str = "",
        keep: Sequence[str] = (),
        interval: float | None = None,
        lane: Lane = Lane.NORMAL,
        deadline_seconds: float | None = None,
    ) -> Handle:
        """Predict `rows` (lists or dicts), `columns`, or `data` as bytes of a media type (`sheet` names one of a
        workbook); `explain` tells what each column adds; `spreadsheet="safe"` has a result in CSV hold no text that a
        spreadsheet would compute.

        Columns that the model does not know are ignored, and typical values stand for those that are missing; `notes`
        of the result say so. `unknown="refuse"` and `missing="refuse"` have such rows refused. `keep` names columns
        that come back with the result. `interval`, 0.9 say, adds an interval to each prediction, or a set of classes,
        that has the truth in it so often."""
        if sum(part is not None for part in (rows, columns, data)) != 1:
            raise InvalidField("give the data as one of rows, columns or data")
        if spreadsheet not in ("", SAFE):
            raise InvalidField(f"spreadsheet must be {SAFE!r}, or be left out, not {spreadsheet!r}")
        body = data if data is not None else _encode({"rows": rows} if rows is not None else {"columns": columns})
        head = Head(
            owner=self._owner,
            model=check_name(model),
            media=media if data is not None else Media.JSON,
            accept=accept,
            deadline=self._until(deadline_seconds),
            query={
                **({"version": str(version)} if version is not None else {}),
                **({"explain": "true"} if explain else {}),
                **({"sheet": sheet} if sheet else {}),
                **({"spreadsheet": spreadsheet} if spreadsheet else {}),
                **query_of(unknown=unknown, missing=missing, keep=keep),
                **({"interval": str(interval)} if interval is not None else {}),
            },
        )
        return self._submit(Kind.ESTIMATE, lane, head=head, body=body)

    def export(
        self, model: str, *, version: int | str = CURRENT, form: Form | str = Form.ZIP, lane: Lane = Lane.NORMAL
    ) -> Handle:
        """A version (a number or an alias) with all that is known of it, as one zip, or the model alone as `onnx`: the
        result is the bytes."""
        form = form_of(form)
        head = Head(owner=self._owner, model=check_name(model), query={EXPORT: form.value, "version": str(version)})
        return self._submit(FORM_KINDS[form], lane, head=head, body=b"")

    def import_model(self, model: str, data: bytes, *, lane: Lane = Lane.NORMAL, **said: Unpack[Said]) -> Handle:
        """Make a version of a zip: one that `export` gave, a folder of MLflow, or LightGBM's text (`model.txt`) with a
        schema (`schema.json`). `Said` is what may be said of it; `source`, where it comes from, must be."""
        head = Head(owner=self._owner, model=check_name(model), media=Media.BYTES, query=import_query(**said))
        return self._submit(Kind.TRAIN, lane, head=head, body=data)

    def tasks(
        self, *, limit: int = 50, state: State | None = None, model: str | None = None, kind: Kind | None = None
    ) -> list[Task]:
        """The newest of this owner's tasks."""
        wanted = Filter(Owner(self._owner), kind=kind, model=model, state=state)
        with answering():
            return self.history.tasks(wanted, limit=limit)[0]

    def _until(self, seconds: float | None) -> float | None:
        """The deadline, by the clock of Redis (seconds since the epoch)."""
        if seconds is None:
            return None
        with answering():
            return redis_time(self._redis) + seconds

    def handle(self, handle: str) -> Handle:
        """The handle of work that was submitted earlier, here or elsewhere."""
        parse_handle(handle)
        return Handle(self._follower, handle)

    def wait(self, handle: str, *, seconds: float) -> Outcome | None:
        """How the task ended; None if it has not after so many seconds."""
        return self._follower.wait(handle, seconds=seconds)

    def _submit(self, kind: Kind, lane: Lane, *, head: Head, body: bytes) -> Handle:
        group = Group(id=new_group_id(), kind=kind, lane=Lane(lane), heads=[head], bodies=[body])
        with answering():
            self._pressure.look()
            self._pressure.check(kind, group.lane)
            self.ledger.accept(group)
        return Handle(self._follower, f"{group.id}-0")


def _encode(value: Any) -> bytes:
    return msgspec.json.encode(value)
