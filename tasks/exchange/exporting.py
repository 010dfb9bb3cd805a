"""A version with all that is known of it, in one zip."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, Final

import msgspec

from tasks.contract import CURRENT, EXPORT, FORM_MEDIA, Form, State
from tasks.errors import Unavailable
from tasks.exchange import package
from tasks.exchange.package import RECORD, Manifest
from tasks.exchange.readme import readme
from tasks.ledger.groups import Claim
from tasks.ledger.outcomes import Outcome
from tasks.registry.names import check_name, form_of
from tasks.registry.records import Version
from tasks.registry.schemas import with_schema
from tasks.registry.version_reports import drawn
from tasks.tables.columns import Schema
from tasks.worker.runtime import Runtime

#: What files say that are for people and other programs, out of the record of the version.
_EXTRACTS: Final = {
    "metrics.json": ("metrics", "measured", "importance", "curve"),
    "params.json": ("params", "params_used"),
}


def export_group(runtime: Runtime, claim: Claim) -> list[Outcome]:
    """The outcome of a group of one, which asks for a version in a form. Raises InvalidField, UnknownVersion."""
    head = claim.heads[0]
    form = form_of(head.query[EXPORT])
    number = find_version(runtime, head.model, head.query.get("version", CURRENT))
    with runtime.traces.step("export", model=head.model, version=number, form=form.value):
        data = export(runtime, head.model, number, form=form)
    return [Outcome(State.SUCCEEDED, FORM_MEDIA[form], data)]


def find_version(runtime: Runtime, model: str, named: str) -> int:
    """The number of the version that is meant: a number, an alias or `current`. Raises UnknownVersion, NotReady."""
    if named.isdecimal():
        return int(named)
    if named != CURRENT:
        return runtime.aliases.find(check_name(model), named).version
    number = runtime.registry.current(check_name(model))
    if number is None:
        raise runtime.registry.not_trained(model)
    return number


def export(runtime: Runtime, model: str, number: int, *, form: Form = Form.ZIP) -> bytes:
    """A version in this form. Raises UnknownVersion, Unavailable; InvalidField where it has no such form."""
    record = with_schema(runtime.blobs, runtime.registry.version(model, number))
    schema = msgspec.json.decode(record.schema, type=Schema)
    if form is Form.ONNX:
        # Imported where it is needed: most workers never do.
        from tasks.exchange.onnx_check import onnx

        return onnx(runtime, model, record, schema)
    estimator = runtime.estimators.get(record.estimator)
    parts = estimator.parts(runtime.blobs.get(record.artefact))
    files = {
        **parts,
        "schema.json": msgspec.json.format(bytes(record.schema)),
        **{name: _extract(record, fields) for name, fields in _EXTRACTS.items()},
        RECORD: msgspec.json.encode(record),
        **_plan(runtime, model, record),
        **_report(runtime, model, number),
    }
    use = estimator.use(schema)
    files["README.md"] = readme(model, number, record=record, schema=schema, use=use, names=sorted(files)).encode()
    manifest = Manifest(model=model, version=number, estimator=record.estimator, artefact=list(parts), files={})
    return package.write(files, manifest=manifest, at=record.created_at)


def _extract(record: Version, fields: tuple[str, ...]) -> bytes:
    said: dict[str, Any] = {name: getattr(record, name) for name in fields}
    return msgspec.json.format(msgspec.json.encode(said))


def _plan(runtime: Runtime, model: str, record: Version) -> dict[str, bytes]:
    """The plan of the data that it was trained on, while that is the model's."""
    snapshot = runtime.registry.model(model).snapshot
    if snapshot is None or not snapshot.plan or snapshot.fingerprint != record.fingerprint:
        return {}
    # A plan whose bytes are lost takes nothing else away.
    with suppress(Unavailable):
        return {"plan.json": runtime.blobs.get(snapshot.plan)}
    return {}


def _report(runtime: Runtime, model: str, number: int) -> dict[str, bytes]:
    report = drawn(runtime.registry.reports, model, number)
    if report is None or not report.digest:
        return {}
    with suppress(Unavailable):
        return {"report.html": runtime.blobs.get(report.digest)}
    return {}
