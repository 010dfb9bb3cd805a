"""All metrics: what `/metrics` would show of a service that has one model."""

from __future__ import annotations

from typing import Final

from prometheus_client.core import Metric

from docs.generate.markdown import code, codes, table
from gateway.metrics.exposition import ServiceCollector
from gateway.metrics.measures import Measures
from gateway.metrics.model_measures import ModelMeasure
from tasks.contract import FLEETS, PLACES, QUEUES, Lane

#: What the samples of a histogram have beside its own labels.
BUCKET: Final = "le"


def metrics() -> str:
    """Name, type, labels and meaning of each family."""
    rows = [(code(_name(family)), family.type, codes(labels(family)), family.documentation) for family in families()]
    return table(("metric", "type", "labels", "meaning"), rows)


def families() -> list[Metric]:
    """All families, each with samples."""
    return sorted(ServiceCollector(_measures).collect(), key=lambda family: family.name)


def labels(family: Metric) -> list[str]:
    """The labels of a family, those of buckets left out."""
    return list(dict.fromkeys(label for sample in family.samples for label in sample.labels if label != BUCKET))


def _name(family: Metric) -> str:
    """As it is asked for: a counter's samples end in `_total`."""
    return f"{family.name}_total" if family.type == "counter" else family.name


def _measures() -> Measures:
    places = dict.fromkeys(PLACES, 0)
    return Measures(
        counts={},
        messages={(queue, lane): 0 for queue in QUEUES for lane in Lane},
        waiting_seconds=dict.fromkeys(PLACES, 0.0),
        oldest_seconds=dict.fromkeys(PLACES, 0.0),
        unfinished=places,
        leases=places,
        retrying=0,
        leases_run_out=0,
        dead=0,
        reconciled_at=0,
        fleets={fleet: {} for fleet in ("gateway", *FLEETS)},
        models=1,
        shown={"housing": ModelMeasure(versions=1, current=1, trained_at=1.0, metrics={"rmse": 1.0})},
        memory_bytes=0,
        memory_limit_bytes=0,
        evicts=False,
        evicted_keys=0,
    )
