"""Data that an earlier release stored without a plan."""

from __future__ import annotations

import msgspec

from tasks.estimators.base import Dataset
from tasks.registry.records import Snapshot
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding
from tasks.tables.planning.finishing import plan_of_parts
from tasks.worker.runtime import Runtime


def add_missing_plan(runtime: Runtime, model: str, snapshot: Snapshot, dataset: Dataset) -> list[Finding]:
    """Make the plan of a snapshot that has none, and keep it. Returns what is to be said of that."""
    if snapshot.plan:
        return []
    said = finding("plan_made", "the data were stored without a plan of their columns, by an earlier release")
    plan = plan_of_parts(dataset.schema, dataset.train, [said])
    digest = runtime.blobs.put(msgspec.json.encode(plan))
    runtime.registry.plans.add(model, created_at=snapshot.created_at, plan=digest)
    return [said]
