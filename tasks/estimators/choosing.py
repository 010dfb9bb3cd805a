"""What the options of an init choose of a table whose schema is known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tasks.estimators.metrics import MEASURED
from tasks.estimators.own_metrics import OwnMetrics
from tasks.tables.choices import Choices, choices_of
from tasks.tables.columns import Schema
from tasks.tables.split_options import wanted_of
from tasks.tables.splitting import Wanted


def chosen(options: Mapping[str, Any], schema: Schema, own_metrics: OwnMetrics) -> tuple[Wanted, Choices]:
    """How its rows are split, and how models of it are measured and decide. Raises InvalidField, which names the
    option."""
    wanted = wanted_of(options, schema)
    metrics = (*MEASURED[schema.problem], *own_metrics)
    return wanted, choices_of(options, schema.problem, schema.classes, metrics, wanted)
