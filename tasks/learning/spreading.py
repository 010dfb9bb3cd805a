"""A train whose fit is made over a Dask cluster."""

from __future__ import annotations

from typing import Any

from tasks.cluster.asked import Distributed, check_alone
from tasks.cluster.dask_gang import DaskGang
from tasks.estimators.base import Estimator
from tasks.tables.finding_codes import finding
from tasks.tables.findings import Finding


def spread(
    scheduler: str, asked: Distributed, estimator: Estimator[Any], *, beside: dict[str, Any]
) -> tuple[Estimator[Any], DaskGang]:
    """(the estimator, whose fits are made by the workers of a cluster; these). `beside`: what else the train says, by
    field.

    Raises InvalidField for what cannot be distributed and for more workers than there are, ClusterFailed if the
    scheduler (its address; empty if none is set) is away.
    """
    check_alone(beside, scheduler=scheduler)
    gang = DaskGang(scheduler)
    estimator = estimator.over(gang)
    gang.join(asked)
    return estimator, gang


def remarks(gang: DaskGang | None) -> list[Finding]:
    """What is not as in a fit of one process."""
    return [finding("distributed_differs", message) for message in gang.remarks] if gang else []
