"""A model in use is not given other data by mistake."""

from __future__ import annotations

import msgspec

from tasks.errors import Conflict
from tasks.registry.schemas import with_schema
from tasks.tables.checks import listed
from tasks.tables.columns import Column, Schema
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.tables.plan import Plan
from tasks.worker.runtime import Runtime


def check_unchanged(runtime: Runtime, model: str, schema: Schema, *, plan: Plan | None) -> None:
    """Raises Conflict, which says the difference, if the model has a current version and the schema has another target,
    problem or other columns than that."""
    if said := _difference(runtime, model, schema, plan):
        raise Conflict(f"{said}; say replace=true if that is meant").at("?replace")


def guarded(runtime: Runtime, model: str, plan: Plan) -> list[Finding]:
    """A finding if an init of a table with this plan would be refused so."""
    features = [Column(one.name, one.type) for one in plan.columns if one.role == "feature" and one.type]
    # A look need not name a target, which is no difference then.
    schema = Schema(features, target=plan.target or "", problem=plan.problem or "regression")
    said = _difference(runtime, model, schema, plan)
    return [finding("model_in_use", said)] if said else []


def _difference(runtime: Runtime, model: str, schema: Schema, plan: Plan | None) -> str:
    current = runtime.registry.current(model)
    if current is None:
        return ""
    version = with_schema(runtime.blobs, runtime.registry.version(model, current))
    old = msgspec.json.decode(version.schema, type=Schema)
    if not schema.target:
        schema = msgspec.structs.replace(schema, target=old.target, problem=old.problem)
    changes = differences(old, schema, plan=plan)
    table = f"the model {model} is in use (version {current}), and this table differs from what it learned"
    return f"{table}: {'; '.join(changes)}" if changes else ""


def differences(old: Schema, new: Schema, *, plan: Plan | None = None) -> list[str]:
    """What another target, problem or set of columns the new schema has, each in words."""
    changes = []
    if old.target != new.target:
        changes.append(f"the target is {new.target!r}, not {old.target!r}")
    if old.problem != new.problem:
        changes.append(f"the problem is {new.problem}, not {old.problem}")
    before = {column.name: column.type for column in old.columns}
    after = {column.name: column.type for column in new.columns}
    roles = {column.name: column.role for column in plan.columns} if plan is not None else {}
    missing = [name for name in before if name not in after]
    if lost := [name for name in missing if name not in roles]:
        changes.append(f"it has no {listed(lost)}")
    if left := [name for name in missing if name in roles and name != new.target]:
        changes.append(f"{listed(left)} would not be learned from")
    if added := [name for name in after if name not in before and name != old.target]:
        changes.append(f"new columns: {listed(added)}")
    changes += [
        f"column {name!r} is {after[name]}, not {kind}"
        for name, kind in before.items()
        if after.get(name, kind) != kind
    ][:10]
    return changes
