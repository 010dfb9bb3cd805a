"""A model of elsewhere becomes a version that serves; all or nothing."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Collection, Mapping
from typing import Any, Final

import msgspec

from tasks.contract import IMPORT, Promote
from tasks.errors import Conflict, InvalidField, InvalidRows, ServiceError
from tasks.estimators.base import Estimator
from tasks.exchange.archives import unzip
from tasks.exchange.brought import Brought, of_lightgbm, read_said
from tasks.exchange.mlflow import DESCRIPTION, read_mlflow
from tasks.exchange.ours import read_ours
from tasks.exchange.package import MANIFEST, digest
from tasks.exchange.samples import sample
from tasks.learning.deciding import decided
from tasks.learning.fitting import train_result
from tasks.learning.guarding import differences
from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome
from tasks.registry.history import task_of, who_asked
from tasks.registry.measured import NO_DECISION
from tasks.registry.names import check_name
from tasks.registry.records import NO_SCHEMA, Imported, Promotion, Version
from tasks.registry.schemas import with_schema
from tasks.registry.version_reports import Report
from tasks.tables.columns import Schema
from tasks.tables.row_reader import RowReader
from tasks.worker.runtime import Runtime
from tasks.worker.time_limits import let_finish
from tasks.worker.verdicts import succeeded

log = logging.getLogger(__name__)

#: In a zip of a model in LightGBM's own text: the model, and what is said of it.
TEXT: Final = "model.txt"
SCHEMA: Final = "schema.json"
#: What reading files of a stranger raises where they are not as they should be.
_FAULTS: Final = (ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError)
#: How many made up rows a model must be able to answer before it is taken.
_ROWS: Final = 16


class Request(msgspec.Struct, frozen=True, kw_only=True):
    """What an import asks for."""

    model: str
    #: What the model is called where it comes from.
    source: str
    #: What a model predicts that does not say so itself.
    target: str = ""
    promote: Promote = Promote.ALWAYS
    #: Whether a model in use may get another target, problem or other columns.
    replace: bool = False
    claim: Claim | None = None


def import_group(runtime: Runtime, claim: Claim) -> list[Outcome]:
    """The outcome of a group of one, which brings a model in."""
    head = claim.heads[0]
    if claim.version is not None:
        # It was stored before its worker ended.
        number = claim.version
        found, current = runtime.registry.version(head.model, number), runtime.registry.current(head.model)
        return [succeeded(train_result(head.model, number, found, promoted=current == number))]
    request = Request(
        model=head.model,
        source=head.query[IMPORT],
        target=head.query.get("target", ""),
        promote=_promote(head.query.get("promote", Promote.ALWAYS.value)),
        replace="replace" in head.query,
        claim=claim,
    )
    return [succeeded(bring_in(runtime, request, claim.bodies[0]))]


def bring_in(runtime: Runtime, request: Request, data: bytes) -> dict[str, Any]:
    """Make a version of the model in a zip: one of `mlservice models export`, a folder of MLflow, or LightGBM's text
    with a schema. Returns what `tasks.train` promises.

    Raises MalformedBody, BodyTooLarge, InvalidField for what is not taken, Conflict if the model is in use and this one
    differs; nothing is changed then.
    """
    check_name(request.model)
    files = unzip(data, most_bytes=runtime.bounds.bytes)
    brought = _read(files, target=request.target, trusted=runtime.settings.trusted_class_paths)
    _check_fits(runtime, request, brought.schema)
    estimator = runtime.estimators.get(brought.estimator)
    loaded = _tried(estimator, brought)
    told = {name: text[:200] for name, text in brought.told.items()}
    origin = Imported(
        kind=brought.kind, source=request.source[:500], sha256=digest(data), who=who_asked(request.claim), told=told
    )
    version = _version(brought, origin, estimator=estimator, loaded=loaded, task=task_of(request.claim))
    version = msgspec.structs.replace(
        version,
        artefact=runtime.blobs.put(brought.artefact),
        schema_blob=runtime.blobs.put(msgspec.json.encode(brought.schema)),
    )
    promote = request.promote is Promote.ALWAYS
    # What has stored its version does not fail any more.
    let_finish()
    number = runtime.registry.add_version(
        request.model, version, promote=promote, claim=request.claim, makes_model=True
    )
    runtime.registry.reports.set(request.model, number, Report(reason=f"it was imported from {origin.source}"))
    said = {"model": request.model, "version": number}
    log.info("version %d of %s is imported from %s", number, request.model, origin.source, extra=said)
    return train_result(request.model, number, version, promoted=promote)


def _read(files: Mapping[str, bytes], *, target: str, trusted: Collection[str]) -> Brought:
    try:
        return read(files, target=target, trusted=trusted)
    except _FAULTS as error:
        raise InvalidField(f"the model cannot be read: {type(error).__name__}: {error}"[:500]) from error


def read(files: Mapping[str, bytes], *, target: str = "", trusted: Collection[str] = ()) -> Brought:
    """The model in these files. `target`, `trusted` as in `read_mlflow`. Raises InvalidField if there is
    none that is taken."""
    if DESCRIPTION in files:
        return read_mlflow(files, target=target, trusted=trusted)
    if MANIFEST in files:
        brought = read_ours(files)
        if target and target != brought.schema.target:
            raise InvalidField(
                f"target is {target!r}, and the version that was exported predicts {brought.schema.target!r}: leave it"
                " out"
            )
        return brought
    if TEXT in files and SCHEMA in files:
        said = read_said(files[SCHEMA])
        try:
            text = files[TEXT].decode()
        except UnicodeDecodeError as error:
            raise InvalidField(f"the model cannot be read: {error}") from error
        said = msgspec.structs.replace(said, target=target or said.target)
        return of_lightgbm(text, said, kind="lightgbm", told={})
    raise InvalidField(
        f"there is no {MANIFEST} (of `mlservice models export`), no {DESCRIPTION} (of MLflow), and no {TEXT} with"
        f" {SCHEMA} in it; nothing is changed"
    )


def _check_fits(runtime: Runtime, request: Request, schema: Schema) -> None:
    """Raise Conflict, which says the difference, if the model is in use and this one asks for other rows."""
    current = runtime.registry.current(request.model)
    if current is None or request.replace:
        return
    version = with_schema(runtime.blobs, runtime.registry.version(request.model, current))
    old = msgspec.json.decode(version.schema, type=Schema)
    if changes := differences(old, schema):
        raise Conflict(
            f"the model {request.model} is in use (version {current}), and this one differs: {'; '.join(changes)};"
            " say replace if that is meant"
        )


def _tried(estimator: Estimator[Any], brought: Brought) -> Any:
    """The model, loaded, which answers rows of its schema and those that came with it. Raises InvalidField."""
    try:
        loaded = estimator.load(brought.artefact)
        tables = [sample(brought.schema, _ROWS)]
        if brought.examples:
            reader = RowReader(brought.schema)
            tables.append(reader.table([reader.read(msgspec.json.encode({"rows": brought.examples}))]))
        decision = brought.version.decision if brought.version is not None else NO_DECISION
        for place, table in enumerate(tables):
            try:
                answer = decided(estimator.predict(loaded, table), decision, brought.schema)
            except InvalidRows:
                # A model may have rules for its rows, of which those that are made up know nothing.
                if place:
                    raise
                continue
            _check_answer(answer, table.num_rows, brought.schema)
    except (ServiceError, *_FAULTS) as error:
        # Of the latter: a decision whose parts do not belong together.
        raise InvalidField(f"the model does not answer rows of its own schema: {error}") from error
    return loaded


def _check_answer(answer: Any, rows: int, schema: Schema) -> None:
    chances = [f"probability_{index}" for index in range(len(schema.classes))]
    if answer.num_rows != rows or not set(answer.column_names) >= {"prediction", *chances}:
        raise InvalidField("it gives other rows or columns than a prediction for each row")
    numbers = chances or ["prediction"]
    if not all(math.isfinite(value) for name in numbers for value in answer.column(name).to_pylist()):
        raise InvalidField("it predicts what is no number")


def _version(brought: Brought, origin: Imported, *, estimator: Estimator[Any], loaded: Any, task: str) -> Version:
    """The record of the version, but for the blobs of its artefact and schema."""
    said: dict[str, Any] = {
        "schema": NO_SCHEMA,
        "target": brought.schema.target,
        "problem": brought.schema.problem,
        "created_at": time.time(),
        "task": task,
        "promotion": Promotion(decided=True, because=f"imported from {origin.source}"),
        "imported": origin,
    }
    if brought.version is not None:
        return msgspec.structs.replace(brought.version, measured_artefact="", **said)
    importance = {name: value for name, value in estimator.importance(loaded).items() if math.isfinite(value)}
    return Version(
        estimator=brought.estimator,
        fingerprint="",
        artefact="",
        params={},
        metrics={},
        importance=importance,
        seconds=0.0,
        **said,
    )


def _promote(text: str) -> Promote:
    if text not in (Promote.ALWAYS, Promote.NEVER):
        raise InvalidField(f"promote must be {Promote.ALWAYS} or {Promote.NEVER} for an import, not {text[:40]!r}")
    return Promote(text)
